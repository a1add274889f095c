//! What the values of a chart say where a command installs it: whether what its templates write under a condition is there,
//! and whether it is suspended. Asked by `held`, for triggers that wait for it (`Until::Values`).
//!
//! The last that says something counts, as in the tool: `--set`, the files that the command names from the last to the first,
//! the chart's own. What only a run knows is not known here, and neither is what an object of a controller gives, or a chart
//! to the charts inside it.

use super::{Graph, NodeId};
use crate::fact::{Book, Command, FactKind};
use crate::resolve::{Given, given_to_chart};
use crate::source::{self, RepoPath};
use crate::syntax::tree::Node;
use crate::words::EdgeKind;

/// Most values files of one command.
const MOST: usize = 20;

/// What one release says.
pub(super) struct Release {
    /// What installs the chart.
    pub(super) by: NodeId,
    /// Whether each value is as it must be; none where that is not known.
    pub(super) holds: Option<bool>,
}

/// The releases of the chart that a template belongs to, with what they say of these values.
pub(super) fn of_template(graph: &Graph, book: &Book, template: &RepoPath, wanted: &[(String, bool)]) -> Vec<Release> {
    let Some((chart, _)) = template.split_once("templates/") else { return Vec::new() };
    let own = RepoPath::from(format!("{chart}values.yaml"));
    let applies =
        |edge: &&super::Edge| edge.kind == EdgeKind::Applies && edge.off.is_none() && graph.nodes[edge.to].at.path == *template;
    let mut by: Vec<NodeId> = graph.edges.iter().filter(applies).map(|edge| edge.from).collect();
    by.sort_unstable();
    by.dedup();
    by.into_iter()
        .map(|by| {
            let at = &graph.nodes[by].at;
            let stated = book.get(&at.path).into_iter().flat_map(|facts| &facts.facts).filter(|fact| fact.line == at.line);
            let command = stated.filter_map(|fact| match &fact.kind {
                FactKind::Command(command) => Some((command, given_to_chart(command)?)),
                _ => None,
            });
            let Some((command, given)) = command.into_iter().next_back().filter(|_| !chart.contains("charts/")) else {
                return Release { by, holds: None };
            };
            let mut holds = Some(true);
            for (key, wanted) in wanted {
                match truth(&own, (command, &given), key, book) {
                    Some(is) if is == *wanted => {}
                    Some(_) => holds = Some(false),
                    None => holds = holds.filter(|holds| !holds),
                }
            }
            Release { by, holds }
        })
        .collect()
}

/// Whether a value counts as true.
fn truth(own: &RepoPath, (command, given): (&Command, &Given<'_>), key: &str, book: &Book) -> Option<bool> {
    if let Some((_, value)) = given.set.iter().rfind(|(name, _)| *name == key) {
        return is_true(value);
    }
    let dir = command.dir.as_deref()?;
    for named in given.files.iter().rev().take(MOST) {
        let root = book.get(&*source::join(dir, named)?).and_then(|facts| facts.tree.as_deref())?.root();
        if let Some(value) = root.and_then(|root| find(root, key)) {
            return is_true(value.text().unwrap_or("map"));
        }
    }
    // what nobody says is not there
    let root = book.get(own).and_then(|facts| facts.tree.as_deref())?.root();
    root.and_then(|root| find(root, key)).map_or(Some(false), |value| is_true(value.text().unwrap_or("map")))
}

fn find<'t>(root: Node<'t>, key: &str) -> Option<Node<'t>> {
    key.split('.').try_fold(root, |node, part| node.get(part))
}

fn is_true(text: &str) -> Option<bool> {
    match text.trim().trim_matches(['"', '\'']) {
        text if text.contains(['$', '{']) => None,
        "" | "false" | "False" | "no" | "0" | "null" | "~" => Some(false),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::shell::Word;

    #[test]
    fn what_a_command_gives_to_a_chart_and_what_is_true() {
        let text = "helm upgrade late ./chart -f a.yaml --values=b.yaml --set x.on=false,y=2 --set x.on=true";
        let words = text.split(' ').map(|text| Word { text: text.to_owned(), literal: true }).collect();
        let command = Command::new(words, Some(".".to_owned()));
        let given = given_to_chart(&command).expect("a release");
        assert_eq!(given.files, ["a.yaml", "b.yaml"]);
        assert_eq!(given.set, [("x.on", "false"), ("y", "2"), ("x.on", "true")]);
        assert_eq!([is_true("false"), is_true("${X}"), is_true("weekly")], [Some(false), None, Some(true)]);
    }
}
