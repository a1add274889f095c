//! Templates of stacks that code hands to a service: `client.create_stack(TemplateBody=open("stack.yaml").read())`.

use crate::syntax::python::{AssignKind, Call, Module, Name, Root, ScopeId, Target, Value};

/// Methods that bring about what they are handed, as the command line calls them.
const METHODS: &[(&str, &str)] = &[("create_stack", "create-stack"), ("update_stack", "update-stack")];
/// The keyword of the template's text.
const BODY: &str = "TemplateBody";
/// Names on the way to what is opened.
const DEPTH: u32 = 4;

/// Whether a call hands over the text of a template.
pub(super) fn is_handed(call: &Call) -> bool {
    let method = call.callee.path.last();
    let named = METHODS.iter().any(|(name, _)| method.is_some_and(|method| method == name));
    named && call.keywords.iter().any(|(key, _)| key == BODY)
}

/// The command that does the same, and the path of the file whose text is handed over.
pub(super) fn handed<'m>(module: &'m Module, call: &'m Call) -> Option<(&'static str, &'m Value)> {
    let method = call.callee.path.last()?;
    let (_, verb) = METHODS.iter().find(|(name, _)| name == method)?;
    let (_, body) = call.keywords.iter().find(|(key, _)| key == BODY)?;
    Some((verb, read(module, call.scope, body, DEPTH)?))
}

/// The path of the file of which a value is the text.
fn read<'m>(module: &'m Module, scope: ScopeId, value: &'m Value, depth: u32) -> Option<&'m Value> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Call(id) => {
            let call = module.calls.get(*id)?;
            match (call.callee.path.as_slice(), &call.callee.root) {
                ([method], Root::Call(inner)) if method == "read" || method == "read_text" => opened(module, *inner),
                ([method], Root::Local(name)) if method == "read" => {
                    let Value::Call(inner) = bound(module, scope, name, AssignKind::With)? else { return None };
                    opened(module, *inner)
                }
                _ => None,
            }
        }
        Value::Name(Name { root: Root::Local(name), path }) if path.is_empty() => {
            read(module, scope, bound(module, scope, name, AssignKind::Assign)?, depth)
        }
        _ => None,
    }
}

/// The path that `open` or `Path` is given.
fn opened(module: &Module, call: usize) -> Option<&Value> {
    let call = module.calls.get(call)?;
    let opens = matches!(call.callee.dotted().as_deref(), Some("open" | "Path" | "pathlib.Path" | "io.open"));
    call.args.first().filter(|_| opens)
}

/// What a name is bound to, where that happens once in the function.
fn bound<'m>(module: &'m Module, scope: ScopeId, name: &str, kind: AssignKind) -> Option<&'m Value> {
    let is = |target: &Target| matches!(target, Target::Name(n) if n.dotted().as_deref() == Some(name));
    let mut all = module.assigns.iter().filter(|a| a.scope == scope && a.targets.iter().any(is));
    let only = all.next().filter(|_| all.next().is_none())?;
    (only.kind == kind).then_some(&only.value)
}

#[cfg(test)]
mod tests {
    use super::super::started::tests::started;

    #[test]
    fn templates_that_are_handed_over_are_commands() {
        let text = "import boto3\nc = boto3.client('cloudformation')\nc.create_stack(StackName='fit', TemplateBody=open('infra/fit.yaml').read())\ndef go():\n    with open('infra/a.yaml') as f:\n        body = f.read()\n    c.update_stack(StackName='a', TemplateBody=body)\nc.create_stack(StackName='b', TemplateURL='s3://x')\nc.create_stack(StackName='c', TemplateBody=render())\n";
        let told = started(text);
        assert_eq!(
            told,
            [
                "3 aws cloudformation create-stack --template-body file://infra/fit.yaml @.",
                "7 aws cloudformation update-stack --template-body file://infra/a.yaml @."
            ]
        );
    }
}
