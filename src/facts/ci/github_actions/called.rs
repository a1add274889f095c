//! The inputs of workflows and actions that others call.
//!
//! Which values there are is known to who has seen the callers; here one file is read, and what it is given with it.

use crate::fact::Inputs;
use crate::syntax::tree::{Kind, Node};

/// Most nodes looked through for names of inputs.
const MAX_NODES: usize = 20_000;
/// Most inputs of one file.
const MAX_INPUTS: usize = 100;

/// The inputs of a composite action that its steps name.
pub(super) fn of_action(root: Node<'_>, runs: Node<'_>) -> Inputs {
    named(root.get("inputs"), runs)
}

/// The inputs of a workflow, as one that is called, that its jobs name.
pub(super) fn of_workflow(root: Node<'_>, jobs: Node<'_>) -> Inputs {
    // YAML 1.1 readers turn the key `on` into a boolean
    let on = root.get("on").or_else(|| root.get("true"));
    named(on.and_then(|on| on.get("workflow_call")).and_then(|call| call.get("inputs")), jobs)
}

/// Declared inputs that stand in what is run; each with its default, which is empty where there is none.
fn named(declared: Option<Node<'_>>, body: Node<'_>) -> Inputs {
    let Some(declared) = declared.filter(|d| d.kind() == Kind::Map) else { return Inputs::new() };
    let mut texts: Vec<&str> = Vec::new();
    let (mut waiting, mut left) = (vec![body], MAX_NODES);
    while let Some(node) = waiting.pop() {
        left -= 1;
        if left == 0 {
            break;
        }
        match node.kind() {
            Kind::Map => {
                // the service's own actions prepare the machine: versions, folders, caches
                let prepares = node.get("uses").and_then(Node::text).is_some_and(|u| u.starts_with("actions/"));
                waiting.extend(node.entries().filter(|(key, _)| !(prepares && key.text == "with")).map(|(_, value)| value));
            }
            Kind::Seq => waiting.extend(node.items()),
            _ => texts.extend(node.text().filter(|t| t.contains("inputs"))),
        }
    }
    let is_named = |name: &str| {
        let (dotted, quoted) = (format!("inputs.{name}"), format!("inputs['{name}']"));
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let whole = |t: &&str| {
            t.match_indices(&dotted).any(|(at, _)| !t.get(at + dotted.len()..).is_some_and(|rest| rest.starts_with(goes_on)))
        };
        texts.iter().any(|t| t.contains(&quoted) || whole(t))
    };
    declared
        .entries()
        .filter(|(key, _)| is_named(key.text))
        .take(MAX_INPUTS)
        .map(|(key, input)| {
            let nothing = match input.get("type").and_then(Node::text) {
                Some("boolean") => "false",
                Some("number") => "0",
                _ => "",
            };
            (key.text.to_owned(), input.get("default").and_then(Node::text).unwrap_or(nothing).to_owned())
        })
        .collect()
}
