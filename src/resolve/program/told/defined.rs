//! What a program says its command line takes: parsers that are filled call by call, decorators, and signatures.
//!
//! Invariant: only what is named literally is taken; what is defined otherwise shows as an option that nobody defined.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::super::{At, Destination, FileId, ScopeId};
use super::words::{self, Argument, Kind, Takes, Val, What};
use super::{Frame, Tell};
use crate::syntax::python::{Call, CallId, Name, Param, ParamKind, Root, Target, Value};
use crate::syntax::shell::Word;

/// Groups of arguments inside each other.
const MAX_GROUPS: u32 = 4;
/// Arguments of one command line.
const MAX_ARGUMENTS: usize = 500;

fn keyword<'c>(call: &'c Call, name: &str) -> Option<&'c Value> {
    call.keywords.iter().find(|(key, _)| key == name).map(|(_, v)| v)
}

/// What a type makes of a word.
fn kind_of(of: Option<&Value>, truth: Kind) -> Kind {
    match of {
        None => Kind::Text,
        Some(Value::Name(Name { root: Root::Local(name), path })) if path.is_empty() => match name.as_str() {
            "str" => Kind::Text,
            "int" => Kind::Int,
            "bool" => truth,
            _ => Kind::Other,
        },
        _ => Kind::Other,
    }
}

/// The name that an option has in the program.
fn own_name(flags: &[String]) -> String {
    let long = flags.iter().find(|f| f.starts_with("--")).or(flags.first());
    long.map_or(String::new(), |f| f.trim_start_matches('-').replace('-', "_"))
}

/// What the parser of one call takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Parser {
    arguments: Vec<Argument>,
    /// Options that only print something.
    pub(super) prints: BTreeSet<String>,
}

impl<'p> Tell<'p> {
    /// Whether a call reads the command line by an `argparse` parser, and whether all of it.
    pub(super) fn parses(&self, file: FileId, id: CallId) -> Option<bool> {
        let code = self.program.files().get(file)?;
        let call = code.module().calls.get(id)?;
        let whole = match call.callee.last()? {
            "parse_args" => true,
            "parse_known_args" => false,
            _ => return None,
        };
        let fits = match self.program.reached(file, id) {
            Destination::External { name, .. } => name.starts_with("argparse."),
            Destination::Unknown { .. } => code.module().imports.iter().any(|i| i.module == "argparse"),
            Destination::Own { .. } => false,
        };
        fits.then_some(whole)
    }

    /// What such a call gives.
    pub(super) fn parsed(&mut self, id: CallId, call: &'p Call, frame: &Frame) -> Val {
        if let Some(given) = call.args.first().or_else(|| keyword(call, "args")) {
            match self.value(given, frame, call.line).what {
                What::None | What::Words | What::Tail => {}
                _ => return Val::UNKNOWN,
            }
        }
        if let Some(known) = self.read.get(&(frame.at.file, id)) {
            return known.clone();
        }
        let parser = self.parser(frame.at.file, call, frame);
        let val = Val::plain(What::Names(Rc::new(words::read(&parser.arguments, self.words))));
        self.read.insert((frame.at.file, id), val.clone());
        val
    }

    /// What the parser of a call takes: what is added to it where it is made and read, in functions of the same file that
    /// make no parser of their own, and in functions that it is handed to.
    pub(super) fn parser(&mut self, file: FileId, call: &'p Call, frame: &Frame) -> Parser {
        let program = self.program;
        let mut parser = Parser { prints: ["-h", "--help"].map(str::to_owned).into(), ..Parser::default() };
        let Some(code) = program.files().get(file) else { return parser };
        let module = code.module();
        let mut at: BTreeSet<(FileId, ScopeId)> = BTreeSet::from([(file, call.scope)]);
        if let Some(Destination::Own { to, .. }) = made_by(module, call).map(|id| program.reached(file, id)) {
            at.insert((to.file, to.scope));
        }
        let makes: BTreeSet<ScopeId> =
            module.calls.iter().filter(|c| c.callee.last() == Some("ArgumentParser")).map(|c| c.scope).collect();
        at.extend((0..module.scopes.len()).filter(|s| !makes.contains(s)).map(|s| (file, s)));
        for (from, scope) in at.clone() {
            let calls = program.files().get(from).map_or(&[][..], |f| &f.module().calls).iter().enumerate();
            for (id, _) in calls.filter(|(_, c)| c.scope == scope && c.args.iter().any(is_parser)).take(MAX_ARGUMENTS) {
                if let Destination::Own { to, makes: None, .. } = program.reached(from, id) {
                    at.insert((to.file, to.scope));
                }
            }
        }
        let mut defaults = Vec::new();
        for (file, scope) in at {
            let Some(module) = program.files().get(file).map(|f| f.module()) else { continue };
            let frame = if file == frame.at.file { frame.clone() } else { Frame::of(At { file, scope }) };
            for added in module.calls.iter().filter(|c| c.scope == scope).take(10 * MAX_ARGUMENTS) {
                let behind = || behind(module, added, MAX_GROUPS);
                match added.callee.last() {
                    Some("add_argument") => {
                        if let Some(argument) = self.argument(added, &frame, &mut parser.prints) {
                            parser.arguments.push(Argument { behind: behind(), ..argument });
                        }
                    }
                    Some("add_subparsers") => {
                        let name = match keyword(added, "dest") {
                            Some(Value::Str(name)) => name.clone(),
                            _ => String::new(),
                        };
                        let chooses = Argument { chooses: true, behind: behind(), ..Argument::named(name, Vec::new()) };
                        parser.arguments.push(chooses);
                    }
                    Some("set_defaults") => {
                        for (name, value) in &added.keywords {
                            let behind = behind();
                            let what = self.value(value, &frame, added.line).what;
                            let by = behind.as_ref().map_or("what it is set to".to_owned(), |word| format!("`{word}`"));
                            // an option that no word is
                            let set = Argument::named(name.clone(), vec![String::new()]);
                            defaults.push(Argument { behind, default: Val::told(what, &by), ..set });
                        }
                    }
                    _ => {}
                }
                if parser.arguments.len() > MAX_ARGUMENTS {
                    break;
                }
            }
        }
        defaults.append(&mut parser.arguments);
        parser.arguments = defaults;
        let defined = |flag: &String| parser.arguments.iter().any(|a| a.flags.contains(flag));
        parser.prints.retain(|flag| !defined(flag));
        parser
    }

    /// `add_argument(…)`; what only prints something is added to `prints`.
    fn argument(&mut self, call: &'p Call, frame: &Frame, prints: &mut BTreeSet<String>) -> Option<Argument> {
        let names: Vec<&str> =
            call.args.iter().map_while(|v| if let Value::Str(s) = v { Some(s.as_str()) } else { None }).collect();
        let first = names.first()?;
        let flags: Vec<String> =
            if first.starts_with('-') { names.iter().map(|n| (*n).to_owned()).collect() } else { Vec::new() };
        let name = match keyword(call, "dest") {
            Some(Value::Str(name)) => name.clone(),
            _ if flags.is_empty() => (*first).to_owned(),
            _ => own_name(&flags),
        };
        let mut argument = Argument::named(name, flags);
        argument.kind = kind_of(keyword(call, "type"), Kind::Filled);
        argument.takes = match keyword(call, "nargs") {
            None => Takes::One,
            Some(Value::Int(count)) => Takes::Count(usize::try_from(*count).unwrap_or(1)),
            Some(Value::Str(how)) if how == "?" => Takes::Maybe,
            Some(_) => Takes::Many,
        };
        let off = |argument: &mut Argument, set: What, default: What| {
            argument.takes = Takes::Nothing;
            argument.set = set;
            argument.default = Val::plain(default);
        };
        match keyword(call, "action") {
            None => {}
            Some(Value::Str(action)) => match action.as_str() {
                "store" => {}
                "store_true" => off(&mut argument, What::Bool(true), What::Bool(false)),
                "store_false" => off(&mut argument, What::Bool(false), What::Bool(true)),
                "store_const" | "count" => off(&mut argument, What::Unknown, What::None),
                "append" | "extend" => argument.again = argument.takes == Takes::One,
                "help" | "version" => {
                    prints.extend(argument.flags);
                    return None;
                }
                _ => argument.kind = Kind::Other,
            },
            Some(Value::Name(name)) if name.last() == Some("BooleanOptionalAction") => {
                off(&mut argument, What::Bool(true), What::None);
                argument.negated =
                    argument.flags.iter().filter_map(|f| Some(format!("--no-{}", f.strip_prefix("--")?))).collect();
            }
            Some(_) => argument.kind = Kind::Other,
        }
        if let Some(constant) = keyword(call, "const") {
            argument.set = self.value(constant, frame, call.line).what;
        } else if argument.takes == Takes::Maybe {
            argument.set = What::None;
        }
        if argument.flags.is_empty() && argument.takes == Takes::Many {
            argument.default = Val::plain(What::List(Vec::new()));
        }
        if let Some(default) = keyword(call, "default") {
            argument.default = self.default(default, argument.kind, frame, call.line);
        }
        Some(argument)
    }

    /// A default, which is read like a word where it is a text.
    fn default(&mut self, value: &'p Value, kind: Kind, frame: &Frame, line: u32) -> Val {
        let mut val = self.value(value, frame, line);
        if matches!(val.what, What::Str(_)) && kind != Kind::Text {
            val.what = What::Unknown;
        }
        val
    }

    /// What the decorators of a function, or what it was handed to, give its parameters of the words; none where nothing
    /// hands any over.
    pub(super) fn bound_by_words(&mut self, at: At, by: Option<&str>, words: &[Word]) -> Option<BTreeMap<String, Val>> {
        let program = self.program;
        let table = &program.world.callables.told;
        let scope = program.scope(at)?;
        let names = || program.decorators(at).iter().filter_map(|d| Some((d.outside.as_deref()?, d.call)));
        let has = |set: &BTreeSet<String>| by.is_some_and(|n| set.contains(n)) || names().any(|(n, _)| set.contains(n));
        if has(&table.keys) {
            let first = scope.params.first()?;
            return Some(BTreeMap::from([(first.name.clone(), Val::plain(What::Names(Rc::new(words::keys(words)))))]));
        }
        let around = Frame::of(At { scope: scope.parent, ..at });
        let (options, places) = (has(&table.options), has(&table.places));
        let arguments: Vec<Argument> = if options || places || has(&table.commands) {
            let module = program.files().get(at.file)?.module();
            let given = names().filter_map(|(name, call)| Some((table.places.contains(name), name, module.calls.get(call?)?)));
            let given = given.filter(|(place, name, _)| *place || table.options.contains(*name));
            given.filter_map(|(place, _, call)| self.decorated(call, place, &around)).collect()
        } else if has(&table.by_signature) || has(&table.literals) {
            let literals = has(&table.literals);
            let params = scope.params.iter().filter(|p| matches!(p.kind, ParamKind::Plain | ParamKind::Keyword));
            params.map(|p| self.of_signature(p, literals, words, &around)).collect()
        } else {
            return None;
        };
        Some(words::read(&arguments, words).into_values())
    }

    /// An option or a place that a decorator gives.
    fn decorated(&mut self, call: &'p Call, place: bool, around: &Frame) -> Option<Argument> {
        let names = call.args.iter().filter_map(|v| if let Value::Str(s) = v { Some(s.as_str()) } else { None });
        let (mut flags, mut negated, mut own) = (Vec::new(), Vec::new(), None);
        for name in names {
            match name.split_once('/').filter(|_| name.starts_with('-')) {
                Some((on, off)) => {
                    flags.push(on.trim().to_owned());
                    negated.push(off.trim().to_owned());
                }
                None if name.starts_with('-') => flags.push(name.to_owned()),
                None => own = Some(name.to_owned()),
            }
        }
        if place != flags.is_empty() {
            return None;
        }
        let name = own.unwrap_or_else(|| own_name(&flags)).replace('-', "_").to_lowercase();
        let mut argument = Argument { negated, ..Argument::named(name, flags) };
        let yes = |word: &str| keyword(call, word) == Some(&Value::Bool(true));
        argument.kind = match keyword(call, "type") {
            // a choice of texts
            Some(Value::Call(_)) => Kind::Text,
            of => kind_of(of, Kind::Switch),
        };
        let flag = yes("is_flag") || !argument.negated.is_empty() || keyword(call, "flag_value").is_some();
        if flag {
            argument.takes = Takes::Nothing;
            argument.default = Val::plain(What::Bool(false));
            if let Some(value) = keyword(call, "flag_value") {
                argument.set = self.value(value, around, call.line).what;
                argument.default = Val::UNKNOWN;
            }
        }
        if let Some(Value::Int(count)) = keyword(call, "nargs") {
            argument.takes = usize::try_from(*count).map_or(Takes::Many, Takes::Count);
        }
        argument.again = yes("multiple");
        if let Some(default) = keyword(call, "default") {
            argument.default = self.default(default, if flag { Kind::Text } else { argument.kind }, around, call.line);
            if keyword(call, "type").is_none() && matches!(argument.default.what, What::Bool(_)) && !flag {
                argument.kind = Kind::Switch;
            } else if keyword(call, "type").is_none() && matches!(argument.default.what, What::Int(_)) {
                argument.kind = Kind::Int;
            }
        }
        if keyword(call, "callback").is_some() || keyword(call, "prompt").is_some() || keyword(call, "envvar").is_some() {
            argument.default = Val::UNKNOWN;
        }
        if keyword(call, "callback").is_some() {
            argument.kind = Kind::Other;
        }
        Some(argument)
    }

    /// What a parameter takes of the words by its name, its type and its default.
    fn of_signature(&mut self, param: &'p Param, literals: bool, words: &[Word], around: &Frame) -> Argument {
        let program = self.program;
        let made = match &param.default {
            Some(Value::Call(id)) => program.files().get(around.at.file).and_then(|f| f.module().calls.get(*id)),
            _ => None,
        };
        let own = format!("--{}", param.name.replace('_', "-"));
        let mut flags = vec![own.clone()];
        if literals {
            flags.push(format!("--{}", param.name));
        }
        let texts = made.into_iter().flat_map(|c| &c.args).filter_map(|v| if let Value::Str(s) = v { Some(s) } else { None });
        let said: Vec<String> = texts.filter(|t| t.starts_with('-')).flat_map(|t| t.split('/')).map(str::to_owned).collect();
        let option = param.default.is_some() && made.is_none_or(|c| c.callee.last() != Some("Argument"));
        let named = words.iter().any(|w| flags.iter().any(|f| w.text == *f || w.text.starts_with(&format!("{f}="))));
        if !said.is_empty() {
            flags = said;
        } else if !named && (literals || !option) {
            flags = Vec::new();
        }
        let mut argument = Argument::named(param.name.clone(), flags);
        let of = param.annotation.clone().map(Value::Name);
        argument.kind = if literals { Kind::Literal } else { kind_of(of.as_ref(), Kind::Switch) };
        if literals {
            argument.takes = if argument.flags.is_empty() { Takes::One } else { Takes::Maybe };
        } else if argument.kind == Kind::Switch && !argument.flags.is_empty() {
            argument.takes = Takes::Nothing;
            argument.negated = argument.flags.iter().filter_map(|f| Some(format!("--no-{}", f.strip_prefix("--")?))).collect();
        } else if argument.kind == Kind::Other {
            argument.default = Val::UNKNOWN;
        }
        argument.default = match (made, &param.default) {
            (Some(call), _) => match call.args.first().or_else(|| keyword(call, "default")) {
                Some(value) => self.value(value, around, u32::MAX),
                None => Val::plain(What::None),
            },
            (None, Some(value)) => self.value(value, around, u32::MAX),
            (None, None) => Val::UNKNOWN,
        };
        argument
    }
}

/// Whether a value is called like a parser.
fn is_parser(value: &Value) -> bool {
    matches!(value, Value::Name(n) if n.last().is_some_and(|l| l.ends_with("parser") || l.ends_with("group") || l == "p"))
}

/// The call whose result the callee of a call is a method of.
fn made_by(module: &crate::syntax::python::Module, call: &Call) -> Option<CallId> {
    match (&call.callee.root, call.callee.path.len()) {
        (Root::Call(by), 1) => Some(*by),
        (Root::Local(local), 1) => {
            let is = |t: &Target| matches!(t, Target::Name(Name { root: Root::Local(n), path }) if n == local && path.is_empty());
            let assigned =
                module.assigns.iter().rev().find(|a| a.scope == call.scope && a.line <= call.line && a.targets.iter().any(is));
            match assigned?.value {
                Value::Call(by) => Some(by),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The command word behind which alone the parser of a call reads.
fn behind(module: &crate::syntax::python::Module, call: &Call, groups: u32) -> Option<String> {
    let groups = groups.checked_sub(1)?;
    let made = module.calls.get(made_by(module, call)?)?;
    match (made.callee.last()?, made.args.first()) {
        ("add_parser", Some(Value::Str(word))) => Some(word.clone()),
        ("add_argument_group" | "add_mutually_exclusive_group" | "add_subparsers", _) => behind(module, made, groups),
        _ => None,
    }
}
