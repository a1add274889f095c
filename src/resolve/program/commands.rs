//! Command lines that are made of functions: who holds which commands, which call asks for one, and which one the words
//! of a command line choose.
//!
//! What holds commands is an object of the top level (`app = typer.Typer()`), a function (`@click.group()`), the
//! defaults of an `argparse` parser, or what a function that exposes it is given. Whose names are which stands in
//! `rules/callables.yaml`; `argparse` is Python's own.
//!
//! Invariants: a function is registered where it is named literally; a choice is sure only where its name and all words
//! before it are literals; following is bounded in depth and calls.

use std::collections::{BTreeMap, BTreeSet};

use super::super::python::Place;
use super::infer::{Ctx, Infer, Type};
use super::{At, Decorator, Destination, FileId, Program, Sites, World, name_text};
use crate::rules::callables::Registers;
use crate::syntax::python::{Call, CallId, ImportGuard, Name, Root, ScopeKind, Target, Value};
use crate::syntax::shell::Word;

/// Calls followed from a program to the one that asks for a command.
const MAX_CALLS: usize = 200;
/// Functions one inside the other on that way, groups inside groups, and re-exports of an object.
const MAX_DEPTH: u32 = 6;

type MenuId = usize;

/// What one holder of commands offers.
#[derive(Debug, Clone, Default)]
struct Menu {
    items: Vec<Item>,
    /// Run before any of them.
    first: Vec<At>,
    /// A single one needs no name.
    alone: bool,
}

#[derive(Debug, Clone)]
struct Item {
    /// The words that choose it; none where they are not literal.
    names: Vec<String>,
    to: To,
}

#[derive(Debug, Clone, Copy)]
enum To {
    Function(At),
    Menu(MenuId),
}

/// All command lines of a program.
#[derive(Debug, Clone, Default)]
pub(super) struct Commands {
    menus: Vec<Menu>,
    /// By the object of the top level.
    objects: BTreeMap<(FileId, String), MenuId>,
    /// By the function.
    groups: BTreeMap<At, MenuId>,
    /// By the call that asks for a command.
    asks: BTreeMap<(FileId, CallId), MenuId>,
    /// Calls that only register.
    registers: BTreeSet<(FileId, CallId)>,
}

/// A function that a command line runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    /// Which.
    pub(crate) at: At,
    /// It is run whatever the words are.
    pub(crate) sure: bool,
}

/// What the words behind a program choose.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// The function.
    pub(super) at: At,
    /// How many words there are up to the last that chose.
    pub(super) rest: usize,
    /// The last word that chose.
    pub(super) word: String,
    /// Functions that other words would have chosen.
    pub(super) others: BTreeSet<At>,
}

/// Where a program starts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Start<'n> {
    /// A file that is run.
    File,
    /// A function or object of the top level.
    Named(&'n str),
}

impl Program {
    /// What a call that asks a command line for a command may run.
    pub(crate) fn offered(&self, file: FileId, call: CallId) -> Option<Vec<Offered>> {
        self.commands.asks.get(&(file, call)).map(|menu| self.commands.offers(*menu))
    }

    /// What a function that holds commands may run after itself.
    pub(crate) fn offered_by(&self, at: At) -> Vec<Offered> {
        self.commands.groups.get(&at).map_or_else(Vec::new, |menu| self.commands.offers(*menu))
    }

    /// Objects of the top level that hold commands: file, name, and what they may run.
    pub(crate) fn holders(&self) -> Vec<(FileId, &str, Vec<Offered>)> {
        self.commands.objects.iter().map(|((file, name), menu)| (*file, name.as_str(), self.commands.offers(*menu))).collect()
    }

    /// Whether a call only registers functions as commands.
    pub(crate) fn only_registers(&self, file: FileId, call: CallId) -> bool {
        self.commands.registers.contains(&(file, call))
    }

    /// Whether a decorator adds a function to commands whose holder is known.
    pub(crate) fn is_command(&self, file: FileId, decorator: &Decorator) -> bool {
        let registers = decorator.outside.as_deref().and_then(|name| self.world.callables.registers(name));
        registers.is_some() && self.commands.holder(&self.world, file, decorator).is_some()
    }

    /// Whether something in sight asks for the commands to which a decorator adds a function.
    pub(crate) fn is_asked_for(&self, file: FileId, decorator: &Decorator) -> bool {
        let holder = self.commands.holder(&self.world, file, decorator);
        holder.is_some_and(|menu| {
            self.commands.asks.values().any(|asked| *asked == menu)
                || self.commands.groups.iter().any(|(at, of)| *of == menu && self.sites.contains_key(at))
                || self.commands.menus.iter().flat_map(|m| &m.items).any(|item| match item.to {
                    To::Menu(inner) => inner == menu,
                    To::Function(at) => self.commands.groups.get(&at) == Some(&menu),
                })
        })
    }

    /// The function that the words behind a program choose among its commands, where their number leaves a choice.
    pub(crate) fn chosen(&self, path: &str, start: Start<'_>, words: &[Word]) -> Option<At> {
        let choice = self.choice(self.file(path, None)?, start, words)?;
        (choice.rest > 0).then_some(choice.at)
    }

    /// What the words behind a program choose among its commands, and what they leave aside; a single command that needs
    /// no name is chosen by no word.
    pub(super) fn choice(&self, file: FileId, start: Start<'_>, words: &[Word]) -> Option<Choice> {
        if self.commands.asks.is_empty() && self.commands.groups.is_empty() && self.commands.objects.is_empty() {
            return None;
        }
        let mut menu = self.asked_from(file, start)?;
        let mut at = 0;
        let mut others = BTreeSet::new();
        let mut kept = BTreeSet::new();
        for _ in 0..MAX_DEPTH {
            let offers = self.commands.menus.get(menu)?;
            kept.extend(&offers.first);
            if let ([Item { to: To::Function(only), .. }], true, true) =
                (&offers.items[..], offers.alone, offers.first.is_empty())
                && offers.choose(words.get(at..)?).is_none()
                && others.is_empty()
            {
                return Some(Choice { at: *only, rest: at, word: String::new(), others });
            }
            let (item, next) = offers.choose(words.get(at..)?)?;
            let before = at;
            at += next;
            for other in offers.items.iter().filter(|other| !std::ptr::eq(*other, item)) {
                match other.to {
                    To::Function(function) => {
                        others.insert(function);
                        let inner = self.commands.groups.get(&function).map(|inner| self.commands.offers(*inner));
                        others.extend(inner.into_iter().flatten().map(|o| o.at));
                    }
                    To::Menu(inner) => others.extend(self.commands.offers(inner).into_iter().map(|o| o.at)),
                }
            }
            // a word behind an option may be its value, where another names a command as well
            let more = offers.choose(words.get(at..)?).is_some();
            if more && words.get(before..at - 1).is_some_and(|w| w.last().is_some_and(|w| w.text.starts_with('-'))) {
                return None;
            }
            match item.to {
                To::Menu(inner) => menu = inner,
                To::Function(function) => match self.commands.groups.get(&function) {
                    Some(inner) => {
                        kept.insert(function);
                        menu = *inner;
                    }
                    None => {
                        let word = words.get(at - 1).map_or(String::new(), |w| w.text.clone());
                        others.retain(|other| *other != function && !kept.contains(other));
                        return Some(Choice { at: function, rest: at, word, others });
                    }
                },
            }
        }
        None
    }

    /// The command line that a start certainly comes to.
    fn asked_from(&self, file: FileId, start: Start<'_>) -> Option<MenuId> {
        let mut next: Vec<At> = match start {
            Start::File => {
                let scopes = self.world.files.get(file)?.module().scopes.iter().enumerate();
                scopes.filter(|(id, s)| *id == 0 || s.kind == ScopeKind::Main).map(|(scope, _)| At { file, scope }).collect()
            }
            Start::Named(name) => match self.commands.object_at(&self.world, file, &[name], MAX_DEPTH) {
                Some(menu) => return Some(menu),
                None => vec![self.function_named(file, name)?],
            },
        };
        let (mut seen, mut calls) = (BTreeSet::new(), 0);
        for _ in 0..MAX_DEPTH {
            let mut further = Vec::new();
            for at in next.into_iter().filter(|at| seen.insert(*at)).collect::<Vec<_>>() {
                if let Some(menu) = self.commands.groups.get(&at) {
                    return Some(*menu);
                }
                let module = self.world.files.get(at.file)?.module();
                for (id, _) in module.calls.iter().enumerate().filter(|(_, c)| c.scope == at.scope && c.conditions.is_empty()) {
                    if let Some(menu) = self.commands.asks.get(&(at.file, id)) {
                        return Some(*menu);
                    }
                    if let Destination::Own { to, makes: None, sure: true, .. } = self.reached(at.file, id) {
                        further.push(*to);
                    }
                    calls += 1;
                    if calls > MAX_CALLS {
                        return None;
                    }
                }
            }
            next = further;
        }
        None
    }
}

impl Menu {
    /// The command of the first word that is no option and no option's value, and the number of words up to it.
    fn choose(&self, words: &[Word]) -> Option<(&Item, usize)> {
        let named = |text: &str| self.items.iter().find(|item| item.names.iter().any(|n| n == text));
        let mut after_option = false;
        for (at, word) in words.iter().enumerate() {
            let text = word.text.as_str();
            match named(text) {
                Some(item) => return Some((item, at + 1)),
                None if text.starts_with('-') => after_option = !text.contains('='),
                None if after_option => after_option = false,
                None => return None,
            }
        }
        None
    }
}

impl Commands {
    pub(super) fn of(
        world: &World,
        sites: &Sites,
        reached: &[Vec<Destination>],
        decorators: &BTreeMap<At, Vec<Decorator>>,
    ) -> Self {
        let mut build = Build { world, infer: Infer::new(world, Some(sites)), reached, commands: Self::default() };
        build.objects();
        build.groups(decorators);
        build.decorated(decorators);
        for file in 0..world.files.len() {
            build.infer.begin();
            build.calls(file);
        }
        build.commands
    }

    fn add(&mut self, alone: bool) -> MenuId {
        self.menus.push(Menu { alone, ..Menu::default() });
        self.menus.len() - 1
    }

    fn offers(&self, menu: MenuId) -> Vec<Offered> {
        let mut found: Vec<Offered> = Vec::new();
        let mut stack = vec![(menu, true, MAX_DEPTH)];
        while let Some((menu, sure, depth)) = stack.pop() {
            let (Some(menu), Some(depth)) = (self.menus.get(menu), depth.checked_sub(1)) else { continue };
            let only = sure && menu.alone && menu.items.len() == 1;
            found.extend(menu.first.iter().map(|at| Offered { at: *at, sure }));
            for item in &menu.items {
                match item.to {
                    To::Function(at) => found.push(Offered { at, sure: only }),
                    To::Menu(inner) => stack.push((inner, only, depth)),
                }
            }
        }
        found.sort_by_key(|o| (o.at, !o.sure));
        found.dedup_by_key(|o| o.at);
        found
    }

    /// The holder to which a decorator adds something.
    fn holder(&self, world: &World, file: FileId, decorator: &Decorator) -> Option<MenuId> {
        match decorator.own {
            Some(own) => self.groups.get(&own).copied(),
            None => {
                let (before, _) = decorator.text.rsplit_once('.')?;
                self.object_at(world, file, &before.split('.').collect::<Vec<_>>(), MAX_DEPTH)
            }
        }
    }

    /// The object that a dotted name means in a file: its own, or one that it imports.
    fn object_at(&self, world: &World, file: FileId, parts: &[&str], depth: u32) -> Option<MenuId> {
        let depth = depth.checked_sub(1)?;
        let (first, rest) = parts.split_first()?;
        if rest.is_empty()
            && let Some(menu) = self.objects.get(&(file, (*first).to_owned()))
        {
            return Some(*menu);
        }
        let code = world.files.get(file)?;
        let fits = |i: &&crate::syntax::python::Import| i.local == *first && i.guard != ImportGuard::TypeChecking;
        let import = code.module().imports.iter().rev().find(fits)?;
        let place = world.modules.of_import(&code.from, import)?;
        let child = import.name.as_deref().and_then(|name| world.modules.child(&place, name));
        let (place, rest) = match (&import.name, child) {
            (_, Some(child)) => (child, rest.to_vec()),
            (Some(name), None) => (place, std::iter::once(name.as_str()).chain(rest.iter().copied()).collect()),
            (None, None) if import.aliased || !import.module.contains('.') => (place, rest.to_vec()),
            (None, None) => return None,
        };
        let Place::File(path) = place else { return None };
        self.object_at(world, *world.by_path.get(&path)?, &rest, depth)
    }
}

struct Build<'f> {
    world: &'f World,
    infer: Infer<'f>,
    reached: &'f [Vec<Destination>],
    commands: Commands,
}

impl<'f> Build<'f> {
    /// The full name of what a call calls, where that is from outside and was followed literally.
    fn outside(&self, file: FileId, call: CallId) -> Option<&'f str> {
        match self.reached.get(file)?.get(call)? {
            Destination::External { name, sure: true } => Some(name),
            _ => None,
        }
    }

    fn call(&self, file: FileId, call: CallId) -> Option<&'f Call> {
        self.world.files.get(file)?.module().calls.get(call)
    }

    fn objects(&mut self) {
        for (file, code) in self.world.files.iter().enumerate() {
            for assign in code.module().assigns.iter().filter(|a| a.scope == 0) {
                let (Value::Call(call), [Target::Name(Name { root: Root::Local(name), path })]) =
                    (&assign.value, &assign.targets[..])
                else {
                    continue;
                };
                let line = self.outside(file, *call).filter(|name| !name.contains('#'));
                if let Some(line) = line.and_then(|name| self.world.callables.line(name)).filter(|_| path.is_empty()) {
                    let menu = self.commands.add(line.alone);
                    self.commands.objects.insert((file, name.clone()), menu);
                }
            }
        }
    }

    fn groups(&mut self, decorators: &BTreeMap<At, Vec<Decorator>>) {
        for (at, all) in decorators {
            let function = self.world.kind(*at) == Some(ScopeKind::Function);
            let line = all.iter().filter_map(|d| self.world.callables.line(d.outside.as_deref()?)).next();
            if let Some(line) = line.filter(|_| function) {
                let menu = self.commands.add(line.alone);
                self.commands.groups.insert(*at, menu);
            }
        }
    }

    fn decorated(&mut self, decorators: &BTreeMap<At, Vec<Decorator>>) {
        for (at, all) in decorators {
            for decorator in all {
                let does = decorator.outside.as_deref().and_then(|name| self.world.callables.registers(name));
                let (Some(does), Some(menu)) = (does, self.commands.holder(self.world, at.file, decorator)) else { continue };
                let names = self.names(*at, decorator.call.and_then(|call| self.call(at.file, call)), 0);
                let Some(menu) = self.commands.menus.get_mut(menu) else { continue };
                match does {
                    Registers::First => menu.first.push(*at),
                    _ => menu.items.push(Item { names, to: To::Function(*at) }),
                }
            }
        }
    }

    /// The names of a command: what the registering call gives, as argument `at` or by name; else those that are made of
    /// the function's own.
    fn names(&self, function: At, by: Option<&Call>, at: usize) -> Vec<String> {
        let given = by.and_then(|call| {
            let named = call.keywords.iter().find(|(key, _)| key == "name").map(|(_, v)| v);
            named.or_else(|| call.args.get(at))
        });
        match given {
            Some(Value::Str(name)) => vec![name.clone()],
            Some(_) => Vec::new(),
            None => {
                let name = self.world.scope(function).and_then(|s| s.name.rsplit('.').next()).unwrap_or_default();
                let mut names = vec![name.replace('_', "-"), name.to_owned()];
                // newer versions leave the end off
                let short = ["_command", "_cmd", "_group", "_grp"].iter().find_map(|end| name.strip_suffix(end));
                names.extend(short.map(|s| s.replace('_', "-")));
                names
            }
        }
    }

    fn ctx(&self, file: FileId, call: CallId) -> Option<Ctx<'f>> {
        self.world.at_call(file, call)
    }

    fn function(&mut self, value: &'f Value, ctx: Ctx<'f>) -> Option<At> {
        match self.infer.value(value, ctx)? {
            found if !found.sure => None,
            found => match found.what {
                Type::Function(at) | Type::Method(at, _) => Some(at),
                _ => None,
            },
        }
    }

    fn calls(&mut self, file: FileId) {
        let Some(code) = self.world.files.get(file) else { return };
        let calls = &code.module().calls;
        let defaults = calls.iter().any(|c| c.callee.last() == Some("set_defaults"));
        for (id, call) in calls.iter().enumerate() {
            if let Some(name) = self.outside(file, id) {
                if let Some(holder) = name.strip_suffix("#__call__") {
                    self.asks(file, id, call, holder);
                } else if self.world.callables.exposes.contains(name) {
                    self.exposes(file, id, call);
                } else if self.world.callables.registers(name) == Some(Registers::Add) {
                    self.adds(file, id, call);
                }
            }
            self.registered_by_call(file, id, call);
        }
        if defaults {
            self.defaults(file);
        }
    }

    /// `app()`.
    fn asks(&mut self, file: FileId, id: CallId, call: &Call, holder: &str) {
        if self.world.callables.line(holder).is_none() {
            return;
        }
        let text = name_text(&call.callee);
        let parts: Vec<&str> = text.split('.').collect();
        if let Some(menu) = self.commands.object_at(self.world, file, &parts, MAX_DEPTH) {
            self.commands.asks.insert((file, id), menu);
        }
    }

    /// `cli.add_command(train)`, `app.add_typer(other, name="other")`.
    fn adds(&mut self, file: FileId, id: CallId, call: &'f Call) {
        self.commands.registers.insert((file, id));
        let (Some(ctx), Some(before)) = (self.ctx(file, id), call.callee.path.len().checked_sub(1)) else { return };
        let own = match self.infer.chain(&call.callee, before, ctx).map(|f| f.what) {
            Some(Type::Function(at)) => self.commands.groups.get(&at).copied(),
            _ => None,
        };
        let object = |commands: &Commands, text: &str| {
            commands.object_at(self.world, file, &text.split('.').collect::<Vec<_>>(), MAX_DEPTH)
        };
        let text = name_text(&call.callee);
        let held = text.rsplit_once('.').and_then(|(before, _)| object(&self.commands, before));
        let (Some(menu), Some(value)) = (own.or(held), call.args.first()) else { return };
        let inner = match value {
            Value::Name(name) => object(&self.commands, &name_text(name)),
            _ => None,
        };
        let item = match (inner, self.function(value, ctx)) {
            (Some(inner), _) => {
                let name = call.keywords.iter().find(|(key, _)| key == "name").map(|(_, v)| v);
                let names = match name {
                    Some(Value::Str(name)) => vec![name.clone()],
                    _ => Vec::new(),
                };
                Item { names, to: To::Menu(inner) }
            }
            (None, Some(at)) => {
                // its own decorator may name it
                let scope = self.world.scope(at);
                let by = scope.into_iter().flat_map(|s| &s.decorators).find_map(|d| match d {
                    Value::Call(call) => self.call(at.file, *call).filter(|c| matches!(c.args.first(), Some(Value::Str(_)))),
                    _ => None,
                });
                let here = call.args.len() > 1 || call.keywords.iter().any(|(key, _)| key == "name");
                let names = if here { self.names(at, Some(call), 1) } else { self.names(at, by, 0) };
                Item { names, to: To::Function(at) }
            }
            (None, None) => return,
        };
        if let Some(menu) = self.commands.menus.get_mut(menu) {
            menu.items.push(item);
        }
    }

    /// `app.command("x")(train)`.
    fn registered_by_call(&mut self, file: FileId, id: CallId, call: &'f Call) {
        let Root::Call(by) = call.callee.root else { return };
        let command = call.callee.path.is_empty()
            && self.outside(file, by).and_then(|name| self.world.callables.registers(name)) == Some(Registers::Command);
        let (Some(registering), Some(ctx), Some(value)) = (self.call(file, by), self.ctx(file, id), call.args.first()) else {
            return;
        };
        if !command {
            return;
        }
        self.commands.registers.insert((file, id));
        let text = name_text(&registering.callee);
        let holder = text.rsplit_once('.').map(|(before, _)| before.split('.').collect::<Vec<_>>());
        let menu = holder.and_then(|parts| self.commands.object_at(self.world, file, &parts, MAX_DEPTH));
        if let (Some(menu), Some(at)) = (menu, self.function(value, ctx)) {
            let names = self.names(at, Some(registering), 0);
            if let Some(menu) = self.commands.menus.get_mut(menu) {
                menu.items.push(Item { names, to: To::Function(at) });
            }
        }
    }

    /// A command line of a mapping, a class or a whole module; one of a single function needs no choice.
    fn exposes(&mut self, file: FileId, id: CallId, call: &'f Call) {
        let Some(ctx) = self.ctx(file, id) else { return };
        let mut items = Vec::new();
        let by_its_name = |at: At, build: &Self| Item { names: build.names(at, None, 0), to: To::Function(at) };
        match call.args.first().or_else(|| call.keywords.iter().find(|(k, _)| k == "component").map(|(_, v)| v)) {
            Some(Value::Dict(pairs)) => {
                for (key, value) in pairs {
                    if let (Value::Str(name), Some(at)) = (key, self.function(value, ctx)) {
                        items.push(Item { names: vec![name.clone()], to: To::Function(at) });
                    }
                }
            }
            Some(value) => {
                let class = match self.infer.value(value, ctx).filter(|f| f.sure).map(|f| f.what) {
                    Some(Type::Class(class) | Type::Object(class)) => class,
                    _ => return,
                };
                items = self.methods(class).into_iter().map(|at| by_its_name(at, self)).collect();
            }
            None => {
                let scopes = self.world.files.get(file).map_or(&[][..], |f| &f.module().scopes);
                let top = scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function && s.parent == 0);
                items = top.map(|(scope, _)| by_its_name(At { file, scope }, self)).collect();
            }
        }
        let menu = self.commands.add(false);
        if let Some(menu) = self.commands.menus.get_mut(menu) {
            menu.items = items;
        }
        self.commands.asks.insert((file, id), menu);
    }

    /// The methods of an own class that a person may name.
    fn methods(&self, class: At) -> Vec<At> {
        let scopes = self.world.files.get(class.file).map_or(&[][..], |f| &f.module().scopes);
        let own = scopes.iter().enumerate().filter(|(_, s)| s.kind == ScopeKind::Function && s.parent == class.scope);
        let public = own.filter(|(_, s)| s.name.rsplit('.').next().is_some_and(|n| !n.starts_with('_')));
        public.map(|(scope, _)| At { scope, ..class }).collect()
    }

    /// `parser.set_defaults(func=train)` and `args.func(args)`.
    fn defaults(&mut self, file: FileId) {
        let Some(code) = self.world.files.get(file) else { return };
        let mut by_key: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
        for (id, call) in code.module().calls.iter().enumerate() {
            let (true, Some(ctx)) = (call.callee.last() == Some("set_defaults"), self.ctx(file, id)) else { continue };
            for (key, value) in &call.keywords {
                if let Some(at) = self.function(value, ctx) {
                    self.commands.registers.insert((file, id));
                    let names = self.parser_name(file, call).into_iter().collect();
                    by_key.entry(key).or_default().push(Item { names, to: To::Function(at) });
                }
            }
        }
        for (key, items) in by_key {
            let menu = self.commands.add(true);
            if let Some(menu) = self.commands.menus.get_mut(menu) {
                menu.items = items;
            }
            for (id, call) in code.module().calls.iter().enumerate() {
                let reached = self.reached.get(file).and_then(|calls| calls.get(id));
                let own = matches!(reached, Some(Destination::Own { .. }));
                let plain = matches!(&call.callee.root, Root::Local(name) if name != "self");
                if plain && !own && call.callee.path.len() == 1 && call.callee.last() == Some(key) {
                    self.commands.asks.insert((file, id), menu);
                }
            }
        }
    }

    /// The literal name with which the parser of a call was added.
    fn parser_name(&self, file: FileId, call: &Call) -> Option<String> {
        let module = self.world.files.get(file)?.module();
        let added = match (&call.callee.root, call.callee.path.len()) {
            (Root::Call(by), 1) => *by,
            (Root::Local(parser), 1) => {
                let is = |a: &&crate::syntax::python::Assign| {
                    a.scope == call.scope
                        && a.line <= call.line
                        && matches!(&a.targets[..], [Target::Name(Name { root: Root::Local(n), path })] if n == parser && path.is_empty())
                };
                match module.assigns.iter().rev().find(is)?.value {
                    Value::Call(by) => by,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let added = module.calls.get(added).filter(|c| c.callee.last() == Some("add_parser"))?;
        match added.args.first()? {
            Value::Str(name) => Some(name.clone()),
            _ => None,
        }
    }
}
