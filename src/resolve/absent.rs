//! What an image definition takes along and no commit holds.

use super::View;
use crate::source;

/// Whether nothing in the repository ends with the path that a definition copies, whatever folder is sent to be built: no
/// file, nothing that was skipped or left out, and no pointer to what is kept elsewhere.
pub(crate) fn is_nowhere(text: &str, definition: &str, view: &View<'_>) -> bool {
    let open = |c: char| matches!(c, '$' | '*' | '?' | '[' | '<' | '"' | '\'' | '\\' | ':' | '@');
    let name = text.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if name.is_empty() || name.contains(open) || name.split('/').any(|part| matches!(part, "." | "..")) {
        return false;
    }
    let (inside, ending) = (format!("/{name}/"), format!("/{name}"));
    let there = |path: &str| {
        let path = format!("/{path}");
        path.ends_with(&ending) || path.contains(&inside)
    };
    let inventory = view.inventory;
    let left_out = || inventory.left_out().iter().any(|path| there(path)) || inventory.skipped().iter().any(|it| there(&it.path));
    let pointer = || {
        let beside = |of: &str| inventory.entries().iter().any(|entry| entry.path.ends_with(&format!("{of}.dvc")));
        std::iter::successors(Some(name), |at| at.rsplit_once('/').map(|(above, _)| above)).any(beside)
    };
    let first = || source::join(source::folder(definition), name).is_some_and(|path| inventory.is_left_out(&path));
    !inventory.entries().iter().any(|entry| there(&entry.path)) && !left_out() && !pointer() && !first()
}
