//! What can be asked of a report, and whether it makes sense before anything is scanned.

use std::str::FromStr;

use crate::error::Error;
use crate::rules::Catalog;

/// Everything that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// Levels of models.
    pub levels: Vec<LevelAsked>,
    /// Practices.
    pub practices: Vec<PracticeAsked>,
    /// By which of the numbers of a model levels are judged.
    pub weighing: Weighing,
    /// Of which system.
    pub of: Of,
    /// How the repository is named behind `treering explain ID`, for the way to the whole answer; empty where nobody knows.
    pub place: String,
}

/// By which of the numbers of a model levels are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weighing {
    /// The level that the report shows.
    #[default]
    Level,
    /// The floor: from complete chains alone.
    Complete,
}

/// Of which system something is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Of {
    /// The primary one.
    #[default]
    Primary,
    /// The one in this folder, as the report writes it.
    Path(String),
    /// Every one, so that the worst decides.
    All,
}

/// A level that a model, or one dimension of it, must have at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelAsked {
    /// Id of the model.
    pub model: String,
    /// Name of its dimension; none for the model as a whole.
    pub dimension: Option<String>,
    /// The lowest level that passes.
    pub level: u8,
}

/// A practice that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PracticeAsked {
    /// Its id.
    pub id: String,
    /// How well it must hold.
    pub bar: Bar,
}

/// How well a practice must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bar {
    /// Declared, every hop read.
    Met,
    /// Met, or indicated for a reason that works.
    Indicated,
}

impl LevelAsked {
    /// What is asked of: the model, or its dimension.
    pub fn name(&self) -> String {
        self.dimension.as_ref().map_or_else(|| self.model.clone(), |d| format!("{}.{d}", self.model))
    }
}

impl FromStr for LevelAsked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write the id of a model, `=` and a level, such as azure=2 or gigaom.architecture=2".to_owned();
        let (name, level) = text.split_once('=').ok_or_else(wrong)?;
        let level = level.trim().parse().map_err(|_| wrong())?;
        let (model, dimension) = match name.trim().split_once('.') {
            Some((model, dimension)) => (model, Some(dimension.to_owned())),
            None => (name.trim(), None),
        };
        if model.is_empty() || dimension.as_deref() == Some("") {
            return Err(wrong());
        }
        Ok(Self { model: model.to_owned(), dimension, level })
    }
}

impl FromStr for PracticeAsked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write the id of a practice, `=` and met or indicated, such as training.automated=indicated".to_owned();
        let (id, bar) = text.split_once('=').ok_or_else(wrong)?;
        let bar = match bar.trim() {
            "met" => Bar::Met,
            "indicated" => Bar::Indicated,
            _ => return Err(wrong()),
        };
        if id.trim().is_empty() { Err(wrong()) } else { Ok(Self { id: id.trim().to_owned(), bar }) }
    }
}

impl FromStr for Of {
    type Err = std::convert::Infallible;

    /// `all`, or a folder; `./` before and `/` behind it change nothing.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let path = text.replace('\\', "/");
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        Ok(Self::Path(if parts.is_empty() { ".".to_owned() } else { parts.join("/") }))
    }
}

impl Asked {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty() && self.practices.is_empty()
    }

    /// Whether all that is asked for exists; `applied` are the models that a scan is restricted to, none for all. A
    /// gate on something that is not there must neither pass nor fail.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] with one sentence that says what can be asked for.
    pub fn check(&self, catalog: &Catalog, applied: &[String]) -> Result<(), Error> {
        for asked in &self.levels {
            let Some(model) = catalog.models.iter().find(|m| m.id == asked.model) else {
                let known: Vec<&str> = catalog.models.iter().map(|m| m.id.as_str()).collect();
                return usage(format!("there is no maturity model `{}`; there are {}", asked.model, known.join(", ")));
            };
            if !applied.is_empty() && !applied.contains(&model.id) {
                return usage(format!("--at-least asks for `{0}`, which --model leaves out; add --model {0}", model.id));
            }
            // of a dimension without levels of its own nothing can be seen in a repository
            let seen: Vec<String> =
                model.dimensions.iter().filter(|d| !d.levels.is_empty()).map(|d| format!("{}.{}", model.id, d.name)).collect();
            match &asked.dimension {
                None if model.levels.is_empty() => {
                    return usage(format!(
                        "{} gives no overall level; ask for one of {}, such as --at-least {}={}",
                        model.id,
                        seen.join(", "),
                        seen.first().map_or("", String::as_str),
                        asked.level
                    ));
                }
                Some(dimension) if !seen.contains(&asked.name()) => {
                    let there = model.dimensions.iter().any(|d| d.name == *dimension);
                    return usage(if seen.is_empty() {
                        format!("{0} has no dimensions; ask for --at-least {0}={1}", model.id, asked.level)
                    } else if there {
                        format!("nothing of {} can be seen in a repository; there are {}", asked.name(), seen.join(", "))
                    } else {
                        format!("there is no `{}`; there are {}", asked.name(), seen.join(", "))
                    });
                }
                _ => {}
            }
            if asked.level > model.top() {
                return usage(format!("{} ends at level {}; ask for that or less", model.id, model.top()));
            }
        }
        for asked in &self.practices {
            if !catalog.practices.iter().any(|p| p.id == asked.id && !p.id.starts_with("probe.")) {
                let mut near = catalog.suggestions(&asked.id);
                near.retain(|id| catalog.practices.iter().any(|p| p.id == *id));
                let meant = if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(", ")) };
                return usage(format!("there is no practice `{}`; {meant}`treering rules list` names them all", asked.id));
            }
        }
        Ok(())
    }
}

fn usage(text: String) -> Result<(), Error> {
    Err(Error::Usage(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> Result<LevelAsked, String> {
        text.parse()
    }

    #[test]
    fn what_is_asked_is_read() {
        assert_eq!(level("azure=2"), Ok(LevelAsked { model: "azure".into(), dimension: None, level: 2 }));
        assert_eq!(level("gigaom.data = 1").map(|l| l.name()), Ok("gigaom.data".to_owned()));
        for wrong in ["azure", "azure=high", "=1", ".x=1", "azure.=1", "azure=-1", "azure=300"] {
            assert!(level(wrong).is_err(), "{wrong}");
        }
        let practice = |text: &str| text.parse::<PracticeAsked>();
        assert_eq!(practice("ci.tests=met"), Ok(PracticeAsked { id: "ci.tests".into(), bar: Bar::Met }));
        assert!(practice("ci.tests").is_err() && practice("ci.tests=unknown").is_err() && practice("=met").is_err());
        let of = |text: &str| text.parse::<Of>();
        assert_eq!(of("all"), Ok(Of::All));
        assert_eq!(of("./services/eta/"), Ok(Of::Path("services/eta".into())));
        assert_eq!((of("."), of("./all")), (Ok(Of::Path(".".into())), Ok(Of::Path("all".into()))));
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let catalog = Catalog::embedded().expect("the built-in rules are sound");
        let check = |asked: &str, applied: &[&str]| {
            let asked = Asked { levels: vec![level(asked).expect("a level")], ..Asked::default() };
            let applied: Vec<String> = applied.iter().map(|m| (*m).to_owned()).collect();
            asked.check(&catalog, &applied).map_err(|e| e.to_string())
        };
        assert_eq!(check("azure=3", &[]), Ok(()));
        assert_eq!(check("gigaom.architecture=2", &[]), Ok(()));
        for (asked, applied, told) in [
            ("cloud=1", &[][..], "there are google, azure"),
            ("gigaom=2", &[], "--at-least gigaom.architecture=2"),
            ("azure.sea=2", &[], "azure.app"),
            ("azure.people=1", &[], "nothing of azure.people can be seen"),
            ("google.ci=1", &[], "--at-least google=1"),
            ("google=3", &[], "ends at level 2"),
            ("azure=1", &["google"], "add --model azure"),
        ] {
            let error = check(asked, applied).expect_err(asked);
            assert!(error.contains(told), "{asked}: {error}");
        }
        let asked = Asked { practices: vec!["training.continous=met".parse().expect("a practice")], ..Asked::default() };
        let error = asked.check(&catalog, &[]).expect_err("misspelt").to_string();
        assert!(error.contains("training.continuous"), "{error}");
    }
}
