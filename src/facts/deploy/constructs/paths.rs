//! Paths that a program puts together, as those of the repository.

use super::value::Putting;
use crate::resolve::program::{At, Destination};
use crate::source;
use crate::syntax::python::{Name, Root, Value};

/// Deepest nesting of what puts paths together.
const DEPTH: u32 = 12;

/// A path on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Path {
    /// One of the repository.
    Here(String),
    /// One from wherever it is put behind.
    Part(String),
}

impl Path {
    fn joined(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (_, Self::Here(path)) => Self::Here(path),
            (Self::Here(dir), Self::Part(part)) => Self::Here(source::join(&dir, &part)?),
            (Self::Part(dir), Self::Part(part)) => Self::Part(format!("{}/{part}", dir.trim_end_matches('/'))),
        })
    }

    fn parent(self) -> Option<Self> {
        match self {
            Self::Here(path) if path != "." => Some(Self::Here(source::folder(&path).to_owned())),
            _ => None,
        }
    }
}

impl Putting<'_> {
    /// A path that begins with the file in which it is written, as one from the folder that the program is run in.
    pub(super) fn path(&self, at: At, line: u32, value: &Value, home: &str) -> Option<String> {
        match self.path_of(at, line, value, home, DEPTH)? {
            Path::Here(path) => Some(from(home, &path)),
            Path::Part(_) => None,
        }
    }

    fn path_of(&self, at: At, line: u32, value: &Value, home: &str, depth: u32) -> Option<Path> {
        let depth = depth.checked_sub(1)?;
        let of = |value: &Value| self.path_of(at, line, value, home, depth);
        match value {
            Value::Str(text) => Some(Path::Part(text.clone())),
            Value::BinOp { op: "/", left, right } => of(left)?.joined(of(right)?),
            Value::FString { parts } => {
                let [crate::syntax::python::Part::Hole(first), crate::syntax::python::Part::Text(rest)] = parts.as_slice() else {
                    return None;
                };
                of(first)?.joined(Path::Part(rest.strip_prefix('/')?.to_owned()))
            }
            Value::Call(id) => {
                let call = self.program.files().get(at.file)?.module().calls.get(*id)?;
                let Destination::External { name, .. } = self.program.reached(at.file, *id) else { return None };
                let at = At { scope: call.scope, ..at };
                let of = |value: &Value| self.path_of(at, line, value, home, depth);
                let first = || of(call.args.first()?);
                match &**name {
                    "os.getcwd" | "pathlib.Path.cwd" => Some(Path::Here(home.to_owned())),
                    "os.path.dirname" => first()?.parent(),
                    "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "str" | "os.fspath" => first(),
                    "os.path.join" | "pathlib.Path" => {
                        let mut args = call.args.iter().map(of);
                        let first = args.next()??;
                        args.try_fold(first, |path, next| path.joined(next?))
                    }
                    _ => match name.rsplit_once('#')? {
                        (_, "resolve" | "absolute" | "as_posix") => self.attributes(at, line, &call.callee, 1, home, depth),
                        (_, "joinpath") => {
                            let dir = self.attributes(at, line, &call.callee, 1, home, depth)?;
                            call.args.iter().map(of).try_fold(dir, |path, next| path.joined(next?))
                        }
                        _ => None,
                    },
                }
            }
            Value::Name(name) => self.attributes(at, line, name, 0, home, depth),
            _ => None,
        }
    }

    fn bound_path(&self, at: At, line: u32, name: &Name, home: &str, depth: u32) -> Option<Path> {
        let (at, line, value) = self.program.bound_to(at, line, name)?;
        self.path_of(at, line, value, home, depth)
    }

    /// A name with its attributes but for the last few.
    fn attributes(&self, at: At, line: u32, name: &Name, without: usize, home: &str, depth: u32) -> Option<Path> {
        let depth = depth.checked_sub(1)?;
        let path = name.path.get(..name.path.len().checked_sub(without)?)?;
        let (path, root) = match &name.root {
            Root::Local(local) if local == "__file__" && path.is_empty() => {
                return Some(Path::Here(self.program.files().get(at.file)?.path.to_string()));
            }
            // `Path(__file__).parents[1]`
            Root::Item(of, key) if of.path.last().map(String::as_str) == Some("parents") => {
                let Value::Int(up) = **key else { return None };
                let inner = self.attributes(at, line, of, 1, home, depth)?;
                let up = (0..=u32::try_from(up).ok()?.min(20)).try_fold(inner, |path, _| path.parent())?;
                (path, up)
            }
            Root::Call(id) => (path, self.path_of(at, line, &Value::Call(*id), home, depth)?),
            Root::Local(_) => {
                let plain = path.iter().take_while(|part| *part != "parent").count();
                let (own, rest) = path.split_at(plain);
                let own = Name { root: name.root.clone(), path: own.to_vec() };
                (rest, self.bound_path(at, line, &own, home, depth)?)
            }
            _ => return None,
        };
        path.iter().try_fold(root, |path, attribute| if attribute == "parent" { path.parent() } else { None })
    }
}

/// A path of the repository, from a folder of it.
fn from(home: &str, path: &str) -> String {
    if home == "." {
        return path.to_owned();
    }
    let up = home.split('/').map(|_| "..").collect::<Vec<_>>().join("/");
    format!("{up}/{path}")
}
