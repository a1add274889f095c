//! The inputs of workflows and actions that others call.
//!
//! Which values there are is known to who has seen the callers; here one file is read, and what it is given with it.

use crate::fact::Inputs;
use crate::syntax::tree::{Kind, Node};

/// Most nodes looked through for names of inputs.
const MAX_NODES: usize = 20_000;
/// Most inputs of one file.
const MAX_INPUTS: usize = 100;

/// The inputs of an action that its steps name, and the variables that they take from whoever uses it (`env.NAME`);
/// one that nobody gives stays a name.
pub(super) fn of_action(root: Node<'_>, runs: Node<'_>) -> Inputs {
    let mut inputs = named(root.get("inputs"), runs);
    let variables = texts(runs, &|t| t.contains(['$'])).into_iter().flat_map(variables);
    for name in variables.take(MAX_INPUTS) {
        inputs.insert(format!("env.{name}"), format!("${{{{ env.{name} }}}}"));
    }
    inputs
}

/// Names of variables in a text: `$NAME`, `${NAME…`, `env.NAME`; those of the service left out.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let marks =
        ["$", "${", "env."].into_iter().flat_map(move |mark| text.match_indices(mark).map(move |(at, _)| at + mark.len()));
    marks.filter_map(move |at| {
        let rest = text.get(at..)?;
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = rest.get(..end)?;
        let own =
            name.starts_with(|c: char| c.is_ascii_uppercase()) && !["GITHUB_", "RUNNER_"].iter().any(|p| name.starts_with(p));
        own.then_some(name)
    })
}

/// The inputs of a workflow, as one that is called, that its jobs name.
pub(super) fn of_workflow(root: Node<'_>, jobs: Node<'_>) -> Inputs {
    // YAML 1.1 readers turn the key `on` into a boolean
    let on = root.get("on").or_else(|| root.get("true"));
    named(on.and_then(|on| on.get("workflow_call")).and_then(|call| call.get("inputs")), jobs)
}

/// The texts below a node that are worth keeping.
fn texts<'t>(body: Node<'t>, keeps: &dyn Fn(&str) -> bool) -> Vec<&'t str> {
    let mut texts: Vec<&'t str> = Vec::new();
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
            _ => texts.extend(node.text().filter(|t| keeps(t))),
        }
    }
    texts
}

/// Defaults of the inputs of a workflow that nothing but a person or a caller starts. What a schedule or a push starts
/// is given none of them.
pub(super) fn by_hand(root: Node<'_>) -> Inputs {
    let on = root.get("on").or_else(|| root.get("true"));
    let Some(on) = on.filter(|on| on.kind() == Kind::Map) else { return Inputs::new() };
    if on.entries().any(|(key, _)| !matches!(key.text, "workflow_dispatch" | "workflow_call")) {
        return Inputs::new();
    }
    let declared = on.get("workflow_dispatch").and_then(|d| d.get("inputs"));
    let entries = declared.into_iter().flat_map(|d| d.entries().collect::<Vec<_>>());
    let given =
        entries.filter_map(|(key, input)| Some((format!("inputs.{}", key.text), input.get("default")?.text()?.to_owned())));
    given.take(MAX_INPUTS).collect()
}

/// Declared inputs that stand in what is run; each with its default, which is empty where there is none.
fn named(declared: Option<Node<'_>>, body: Node<'_>) -> Inputs {
    let Some(declared) = declared.filter(|d| d.kind() == Kind::Map) else { return Inputs::new() };
    let texts = texts(body, &|t| t.contains("inputs"));
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
