//! Requests that code sends, led to the functions that answer them.
//!
//! A test that only imports a service shows that it can be imported. What it asks for stands in the path of its
//! request: `client.post("/minutes")` runs what `@app.post("/minutes")` stands on, and `/health` does not.
//!
//! Other code asks over the network: `requests.post("http://trainer:8080/train")` runs what answers `/train` in the
//! program of the service `trainer`.
//!
//! Invariants: a request leads to one function or to none; of a test only functions of modules that it reaches are
//! asked, unless the request names a host; of other code only those that a service, or an object of a cluster,
//! of the named host runs, and never surely, as an address may be set to another. The address may be put together from
//! constants and defaults (`resolve/program/written.rs`); which packages send requests, and which words bind a path, stands
//! in `rules/programs.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use super::connect::node_key;
use super::reach::{Reached, Walk};
use super::{Edge, Graph, NodeId, python};
use crate::fact::{Book, Unit, UnitKind};
use crate::resolve::Program;
use crate::resolve::program::{At, CodeFile, Destination};
use crate::rules::Catalog;
use crate::source::Location;
use crate::syntax::python::{Call, Part, Value};
use crate::words::{EdgeKind, Scope, Strength};

/// Methods of clients that send a request, and decorators of routes that answer one: the methods of HTTP.
const VERBS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// Most hosts that are looked for among the services of a repository.
const MAX_HOSTS: usize = 100;

/// A function that answers requests to a path.
struct Route {
    node: NodeId,
    module: NodeId,
    path: String,
    /// The verb; none where any will do.
    verb: Option<String>,
}

/// Adds an edge for every request that is known to be answered here.
pub(crate) fn connect(graph: &mut Graph, program: &Program, book: &Book, catalog: &Catalog) {
    let rules = &catalog.programs;
    let routes = routes(graph, program, &rules.routes);
    if routes.is_empty() {
        return;
    }
    of_tests(graph, program, &routes);
    between_services(graph, program, &routes, book, catalog);
}

fn of_tests(graph: &mut Graph, program: &Program, routes: &[Route]) {
    for code in program.files() {
        let Some(module) = graph.find(&python::module_key(&code.path)).filter(|n| graph.nodes[*n].scope == Scope::Test) else {
            continue;
        };
        // the walk that tells what the test reaches is only taken where some route could answer
        let possible =
            |(_, path, _, _): &(&Call, String, Option<String>, bool)| routes.iter().any(|r| answers(&r.path, path, false));
        let requests: Vec<(&Call, String, Option<String>, bool)> =
            code.module().calls.iter().filter_map(request).filter(possible).collect();
        if requests.is_empty() || code.embedded.is_some() {
            continue;
        }
        let scopes = (0..code.module().scopes.len()).filter_map(|s| graph.find(&python::scope_key(&code.path, code.module(), s)));
        let own: Vec<NodeId> = std::iter::once(module).chain(scopes).collect();
        let near = graph.reach(&own, Walk::at(Strength::Inferred).with_tests(true));
        for (call, path, verb, host) in requests {
            let Some(from) = graph.find(&python::scope_key(&code.path, code.module(), call.scope)) else { continue };
            let fits = |exact: bool| -> Vec<&Route> {
                let verbs = |r: &&Route| r.verb.is_none() || verb.is_none() || r.verb == verb;
                routes.iter().filter(|r| (host || near.has(r.module)) && answers(&r.path, &path, exact)).filter(verbs).collect()
            };
            let (found, strength) = match fits(true) {
                found if found.is_empty() => (fits(false), Strength::Inferred),
                found => (found, if host { Strength::Inferred } else { Strength::Resolved }),
            };
            let [route] = found.as_slice() else { continue };
            let at = Location::line(&code.path, code.code.file_line(call.line));
            graph.edge(Edge::plain(from, route.node, EdgeKind::Calls, strength, at, format!("request to {path}")));
        }
    }
}

/// Requests of one program to another that a service of this repository runs, known by its name as the host.
fn between_services(graph: &mut Graph, program: &Program, routes: &[Route], book: &Book, catalog: &Catalog) {
    let mut hosts: BTreeMap<String, Option<Reached>> = BTreeMap::new();
    let mut found: Vec<Edge> = Vec::new();
    for (file, code) in program.files().iter().enumerate() {
        let is_no_test = |key: &str| graph.find(key).is_some_and(|n| graph.nodes[n].scope != Scope::Test);
        if code.embedded.is_some() || !is_no_test(&python::module_key(&code.path)) {
            continue;
        }
        for (id, call) in code.module().calls.iter().enumerate() {
            let Some((value, verb)) = asks(call) else { continue };
            let sends = match program.reached(file, id) {
                Destination::External { name, .. } => {
                    catalog.programs.clients.contains(name.split(['.', '#']).next().unwrap_or_default())
                }
                _ => false,
            };
            let url = sends.then(|| program.written((&code.path, None), call.scope, value, &catalog.interpreter)).flatten();
            let Some((host, path)) =
                url.as_deref().and_then(|url| url.split_once("://")).and_then(|(_, rest)| host_and_path(rest))
            else {
                continue;
            };
            if !hosts.contains_key(host) && hosts.len() < MAX_HOSTS {
                hosts.insert(host.to_owned(), run_by(graph, book, host));
            }
            let Some(Some(runs)) = hosts.get(host) else { continue };
            let verbs = |r: &&Route| r.verb.is_none() || verb.is_none() || r.verb == verb;
            let mut answering = routes.iter().filter(|r| runs.has(r.module) && answers(&r.path, path, true)).filter(verbs);
            let (Some(route), None) = (answering.next(), answering.next()) else { continue };
            let Some(from) = graph.find(&python::scope_key(&code.path, code.module(), call.scope)) else { continue };
            let at = Location::line(&code.path, code.code.file_line(call.line));
            let what = format!("request to {path} of {host}");
            found.push(Edge::plain(from, route.node, EdgeKind::Calls, Strength::Inferred, at, what));
        }
    }
    found.into_iter().for_each(|edge| {
        graph.edge(edge);
    });
}

/// Host without port, and path, of what stands behind the scheme of an address.
fn host_and_path(rest: &str) -> Option<(&str, &str)> {
    let (host, path) = rest.find('/').map(|at| rest.split_at(at))?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    let path = path.split(['?', '#']).next()?;
    (!host.is_empty()).then_some((host, path))
}

/// What the services and objects of a name run: of a host in a cluster its first part is the name.
fn run_by(graph: &Graph, book: &Book, host: &str) -> Option<Reached> {
    let name = host.split('.').next().unwrap_or(host);
    let called =
        |unit: &Unit| matches!(unit.kind, UnitKind::Service | UnitKind::Manifest) && unit.name.rsplit('/').next() == Some(name);
    let services = book.iter().flat_map(|(path, facts)| {
        let units = facts.units.iter().enumerate().filter(|(_, unit)| called(unit));
        units.filter_map(move |(unit, _)| graph.find(&node_key(path, facts, unit)))
    });
    let services: Vec<NodeId> = services.collect();
    (!services.is_empty()).then(|| graph.reach(&services, Walk::at(Strength::Inferred)))
}

/// Every function that is bound to a path, in the order of files.
fn routes(graph: &Graph, program: &Program, any: &BTreeSet<String>) -> Vec<Route> {
    let mut found = Vec::new();
    for (file, code) in program.files().iter().enumerate().filter(|(_, c)| c.embedded.is_none()) {
        let Some(module) = graph.find(&python::module_key(&code.path)).filter(|n| graph.nodes[*n].scope != Scope::Test) else {
            continue;
        };
        let mut add = |scope: usize, of: &CodeFile, call: &Call| {
            let Some((path, verb)) = bound(call, any) else { return };
            if let Some(node) = graph.find(&python::scope_key(&of.path, of.module(), scope)) {
                found.push(Route { node, module, path, verb });
            }
        };
        for (scope, _) in code.module().scopes.iter().enumerate() {
            for decorator in program.decorators(At { file, scope }) {
                if let Some(call) = decorator.call.and_then(|c| code.module().calls.get(c)) {
                    add(scope, code, call);
                }
            }
        }
        for (id, call) in
            code.module().calls.iter().enumerate().filter(|(_, c)| c.callee.last().is_some_and(|l| l.starts_with("add_")))
        {
            for passed in program.passed(file, id) {
                if let Some(of) = program.files().get(passed.at.file) {
                    add(passed.at.scope, of, call);
                }
            }
        }
    }
    found
}

/// The path and verb that a decorator or a registration names.
fn bound(call: &Call, any: &BTreeSet<String>) -> Option<(String, Option<String>)> {
    let word = call.callee.last()?;
    let verb = VERBS.contains(&word).then(|| word.to_owned());
    if verb.is_none() && !any.contains(word) {
        return None;
    }
    let named = || call.keywords.iter().find(|(k, _)| matches!(k.as_str(), "path" | "rule")).map(|(_, v)| v);
    match call.args.first().or_else(named)? {
        Value::Str(path) if path.starts_with('/') => Some((path.clone(), verb)),
        _ => None,
    }
}

/// The address that a call asks, if it sends a request, and the verb.
fn asks(call: &Call) -> Option<(&Value, Option<String>)> {
    let word = call.callee.last().filter(|_| !call.callee.path.is_empty())?;
    let verb = VERBS.contains(&word).then(|| word.to_owned());
    let at = match word {
        _ if verb.is_some() => 0,
        "request" => 1,
        _ => return None,
    };
    let named = || call.keywords.iter().find(|(k, _)| k == "url").map(|(_, v)| v);
    Some((call.args.get(at).or_else(named)?, verb))
}

/// What a call asks for, if it sends a request: the path, the verb, and whether it names a host.
fn request(call: &Call) -> Option<(&Call, String, Option<String>, bool)> {
    let (value, verb) = asks(call)?;
    let text = text(value)?;
    let (host, path) = match text.split_once("://") {
        Some((_, rest)) => (true, rest.find('/').map_or("/", |at| &rest[at..])),
        None if text.starts_with('/') => (false, text.as_str()),
        // a base address before the path: `f"{BASE}/minutes"`
        None => (true, text.strip_prefix("{}").filter(|rest| rest.starts_with('/'))?),
    };
    let path = path.split(['?', '#']).next().unwrap_or(path).to_owned();
    Some((call, path, verb, host))
}

fn text(value: &Value) -> Option<String> {
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Hole(_) => "{}".to_owned(),
    };
    match value {
        Value::Str(text) => Some(text.clone()),
        Value::FString { parts } => Some(parts.iter().map(part).collect()),
        Value::BinOp { op: "+", right, .. } => match &**right {
            Value::Str(text) => Some(format!("{{}}{text}")),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a route answers a path: the same, or with something put before the route.
fn answers(route: &str, path: &str, exact: bool) -> bool {
    let parts = |text: &str| -> Vec<String> { text.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect() };
    let (route, path) = (parts(route), parts(path));
    let open = |part: &str| part.starts_with(['{', '<']);
    let fits = path.len() == route.len() || (!exact && !route.is_empty() && path.len() > route.len());
    fits && route.iter().rev().zip(path.iter().rev()).all(|(r, p)| r == p || open(r) || open(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_host_and_a_path() {
        assert_eq!(host_and_path("trainer:8080/train?fast=1"), Some(("trainer", "/train")));
        assert_eq!(host_and_path("me:word@trainer.ml.svc.cluster.local/a/b"), Some(("trainer.ml.svc.cluster.local", "/a/b")));
        assert_eq!((host_and_path("trainer"), host_and_path("/train")), (None, None));
    }

    #[test]
    fn a_path_leads_to_its_route() {
        assert!(answers("/minutes", "/minutes/", true));
        assert!(answers("/lifts/{name}/minutes", "/lifts/east/minutes", true));
        assert!(answers("/lifts/<name>", "/lifts/{}", true));
        assert!(!answers("/minutes", "/v1/minutes", true) && answers("/minutes", "/v1/minutes", false));
        assert!(!answers("/minutes", "/health", false));
        assert!(answers("/", "/", true) && !answers("/", "/minutes", false));
    }
}
