//! Container tools: what is built, what is started, and by which key images are known.

use std::collections::BTreeMap;

use super::{Invocation, Lead, Located, Run, Target, View, services};
use crate::fact::{CONTEXT, Command, Data, DataKind, Fact, FactKind, FileFacts, Uses, UsesTarget};
use crate::source::{self, RepoPath};
use crate::syntax::shell::{HOLE, Word, quoted};
use crate::words::{EdgeKind, Strength};

/// `docker build`, `docker run`, `docker compose up|run|build`.
pub(super) fn follow(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let compose = invocation.command.program() == "docker-compose" || words.first() == Some(&"compose");
    if compose {
        let rest = if words.first() == Some(&"compose") { &words[1..] } else { &words[..] };
        return services::follow(invocation, rest, view);
    }
    let rest = match words.first() {
        Some(&"buildx" | &"image" | &"builder" | &"container") => &words[1..],
        _ => &words[..],
    };
    match rest.first() {
        Some(&"build" | &"bud") => build(invocation, &rest[1..], view),
        Some(&"run") => run(&rest[1..], view),
        Some(&"push") => {
            let image = rest.get(1..).unwrap_or_default().iter().find(|word| !word.starts_with('-'));
            image.map(|image| super::renewed::pushed(image, view)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Options of `docker build` and `docker run` that take a value.
const VALUED: &[&str] = &[
    "-t",
    "--tag",
    "--image",
    "-r",
    "--registry",
    "--project",
    "--region",
    "--timeout",
    "--build-arg",
    "--target",
    "--platform",
    "--cache-from",
    "--cache-to",
    "--label",
    "--secret",
    "--network",
    "-e",
    "--env",
    "--env-file",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "-w",
    "--workdir",
    "--gpus",
    "--mount",
    "-u",
    "--user",
    "--entrypoint",
    "--memory",
    "--cpus",
    "--shm-size",
    "-m",
    "--add-host",
    "--restart",
    "-h",
    "--hostname",
    "-l",
    "--output",
    "-o",
    "--progress",
];

/// The definition that `docker build` is told, and the folder that is sent to be built.
fn told_to_build<'w>(words: &[&'w str]) -> (Option<&'w str>, &'w str) {
    let mut file: Option<&str> = None;
    let mut context = ".";
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-f" | "--file" => {
                file = words.get(at + 1).copied();
                at += 1;
            }
            word if VALUED.contains(&word) => at += 1,
            word if word.starts_with("--file=") => file = Some(&word[7..]),
            word if word.starts_with('-') && word != "-" => {}
            word => context = word,
        }
        at += 1;
    }
    (file, context)
}

/// The image definition that a command builds, and the folder that it sends, where both are literal.
pub(super) fn sent(command: &Command) -> Option<(String, String)> {
    let words: Vec<&str> = command.words.iter().skip(1).map(|w| w.text.as_str()).collect();
    let container = matches!(command.program(), "docker" | "podman" | "nerdctl" | "buildah");
    let rest = match words.as_slice() {
        ["build" | "bud", rest @ ..] | ["buildx" | "image" | "builder", "build", rest @ ..] if container => rest,
        _ => return None,
    };
    let (file, context) = told_to_build(rest);
    let dir = command.dir.as_deref().filter(|_| !context.contains(['$', ':']))?;
    let folder = source::join(dir, context)?;
    let definition = match file {
        Some(file) => source::join(dir, file),
        None => source::join(&folder, "Dockerfile"),
    };
    Some((definition?, folder))
}

/// The same of a published step, and of a service.
pub(super) fn sent_by_step(uses: &Uses) -> Option<(String, String)> {
    let given = |keys: &[&str]| uses.with.iter().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, v)| v.trim());
    match &uses.to {
        UsesTarget::File(definition) => Some((definition.clone(), given(&[CONTEXT])?.to_owned())),
        UsesTarget::Remote(_) if builds(uses) => {
            let folder = given(&["context", "path"]).filter(|c| !c.contains("://") && !c.contains("${{"))?;
            let folder = source::join(".", folder)?;
            let definition = match given(&["file", "dockerfile", "containerfiles", "build_file"]) {
                Some(file) => source::join(".", file),
                None => source::join(&folder, "Dockerfile"),
            };
            Some((definition?, folder))
        }
        _ => None,
    }
}

fn build(invocation: &Invocation<'_>, words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let (file, context) = told_to_build(words);
    let Some(dir) = invocation.dir() else { return Vec::new() };
    let name = match file {
        Some(file) => file.to_owned(),
        None => match source::join(context, "Dockerfile") {
            Some(path) => path,
            None => return Vec::new(),
        },
    };
    let what = format!("builds {name}");
    let found = match (file, invocation.locate(&name, view)) {
        // without a name the builder takes the one in small letters as well
        (None, missing @ Located::Missing(_)) => match invocation.locate(&name.replace("Dockerfile", "dockerfile"), view) {
            found @ Located::Found(..) => found,
            _ => missing,
        },
        (_, found) => found,
    };
    match found {
        Located::Found(path, strength) => {
            vec![Lead { to: Target::File { path, run: Run::Script }, edge: EdgeKind::Invokes, strength, what }]
        }
        // a program may have written it before
        Located::Missing(path)
            if !context.contains("://")
                && !context.contains('$')
                && source::extension(invocation.path) != Some("py")
                && super::launch::certain(invocation, &path, view) =>
        {
            let missing = format!("there is no `{name}` in `{dir}`");
            vec![Lead {
                to: Target::Missing { path: name, what: missing },
                edge: EdgeKind::Invokes,
                strength: Strength::Broken,
                what,
            }]
        }
        _ => Vec::new(),
    }
}

fn run(words: &[&str], view: &View<'_>) -> Vec<Lead> {
    let Some((at, image)) = started_image(words).and_then(|at| Some((at, *words.get(at)?))) else { return Vec::new() };
    // what it starts is known where the image is built here
    match start(image, view) {
        Some(lead) => {
            // another entry point is followed by itself; words in place of the image's own are told to what it starts
            let options = words.get(..at).unwrap_or(&[]);
            let replaced = options.iter().any(|w| *w == "--entrypoint" || w.starts_with("--entrypoint="));
            if replaced { Vec::new() } else { vec![lead] }
        }
        // an image made elsewhere may do anything
        None if !image.is_empty() => {
            let what = format!("image {image}");
            let to = Target::Outside { what: what.clone() };
            vec![Lead { to, edge: EdgeKind::Invokes, strength: Strength::Assumed, what: format!("starts {what}") }]
        }
        None => Vec::new(),
    }
}

/// The words that `docker run` or `docker compose run` tells what it starts, in one line; none where it tells nothing.
pub(super) fn told(command: &Command) -> Option<String> {
    let words = command.words.get(1..)?;
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let container = matches!(command.program(), "docker" | "podman" | "nerdctl");
    let at = match texts.as_slice() {
        ["run", rest @ ..] if container => 1 + started_image(rest)?,
        ["container", "run", rest @ ..] if container => 2 + started_image(rest)?,
        ["compose", ..] if container => services::of_service(&texts, 1)?,
        _ if command.program() == "docker-compose" => services::of_service(&texts, 0)?,
        _ => return None,
    };
    line(words.get(at + 1..)?)
}

/// Variables that `docker run` gives to what it starts, where their values are literal and may choose something.
pub(super) fn variables(command: &Command) -> BTreeMap<String, String> {
    let words: Vec<&Word> = command.words.iter().skip(1).collect();
    let run = matches!(command.program(), "docker" | "podman" | "nerdctl") && words.first().is_some_and(|w| w.text == "run");
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    let Some(end) = texts.get(1..).filter(|_| run).and_then(started_image) else { return BTreeMap::new() };
    let options = words.get(1..=end).unwrap_or_default();
    let given = options.iter().zip(options.iter().skip(1)).filter(|(option, _)| matches!(option.text.as_str(), "-e" | "--env"));
    let joined = options.iter().filter_map(|w| Some((w, w.text.strip_prefix("--env=")?)));
    let pairs = given.map(|(_, w)| (w, w.text.as_str())).chain(joined).filter(|(w, _)| w.literal);
    let pairs = pairs.filter_map(|(_, text)| text.split_once('='));
    pairs.filter(|(_, value)| super::environment::chooses(value)).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// Words in one line, as a shell would be given them; what is not literal is left open.
fn line(words: &[Word]) -> Option<String> {
    let of = |word: &Word| if word.literal { quoted(&word.text) } else { HOLE.to_owned() };
    (!words.is_empty()).then(|| words.iter().map(of).collect::<Vec<_>>().join(" "))
}

/// Whether an image has an entry point, to which the words behind its name go.
pub(super) fn has_entry_point(image: &str, view: &View<'_>) -> bool {
    view.book.get(image).is_some_and(|facts| {
        facts.facts.iter().any(|fact| matches!(&fact.kind, FactKind::Instruction(it) if it.keyword == "ENTRYPOINT"))
    })
}

/// Where the image stands among the words behind `docker run`.
pub(crate) fn started_image(words: &[&str]) -> Option<usize> {
    /// Options of `run` that take no value; one-letter ones may stand together.
    const SWITCHES: &[&str] = &[
        "--detach",
        "--interactive",
        "--tty",
        "--rm",
        "--rmi",
        "--init",
        "--privileged",
        "--publish-all",
        "--read-only",
        "--replace",
        "--no-healthcheck",
        "--oom-kill-disable",
        "--sig-proxy",
        "--disable-content-trust",
        "--quiet",
        "--help",
    ];
    const LETTERS: &str = "ditPq";
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|w| w.starts_with('-') && w.len() > 1) {
        let valued = match word.strip_prefix("--") {
            Some(_) => !word.contains('=') && !SWITCHES.contains(word),
            // the value may be written to the letter
            None => word.char_indices().skip(1).find(|(_, c)| !LETTERS.contains(*c)).is_some_and(|(i, _)| i + 1 == word.len()),
        };
        at += if valued { 2 } else { 1 };
    }
    (at < words.len()).then_some(at)
}

/// Images that the repository builds: what defines each, by its key; and by its last part, which stays when a host or a
/// project is put in front, with the keys it was built under.
#[derive(Debug, Default)]
pub(super) struct Built {
    by_key: BTreeMap<String, RepoPath>,
    by_end: BTreeMap<String, Vec<(String, RepoPath)>>,
    /// Keys of those whose definition is not there.
    undefined: Vec<String>,
    /// Some are built under a name that is computed to its end.
    open: bool,
}

/// What starting an image runs, where the image is built here.
pub(super) fn start(image: &str, view: &View<'_>) -> Option<Lead> {
    let built = view.images.get_or_init(|| built(view));
    let key = image_key(image);
    let lead = |path: &RepoPath, strength| {
        let to = Target::File { path: path.clone(), run: Run::Image };
        Lead { to, edge: EdgeKind::Invokes, strength, what: format!("starts image {key}") }
    };
    if let Some(path) = built.by_key.get(&key) {
        return Some(lead(path, Strength::Resolved));
    }
    let end = end(&key)?;
    let alike = built.by_end.get(end)?.iter().filter(|(other, _)| may_be_same(&key, other));
    let mut paths: Vec<&RepoPath> = alike.map(|(_, path)| path).collect();
    paths.sort();
    paths.dedup();
    match paths.as_slice() {
        [path] => Some(lead(path, Strength::Inferred)),
        _ => None,
    }
}

/// Whether an image is named literally and nothing here builds one that may be meant.
pub(super) fn is_of_others(image: &str, view: &View<'_>) -> bool {
    !image.is_empty() && !image.contains(['$', '{', '<']) && start(image, view).is_none()
}

/// Whether an image is one of others for certain: the repository builds some, and all under names that can be compared.
pub(crate) fn is_image_of_others(image: &str, view: &View<'_>) -> bool {
    let built = view.images.get_or_init(|| built(view));
    let key = image_key(image);
    // what is built here of a definition that is not there is no other's
    let same = |own: &String| *own == key || (end(own).is_some() && end(own) == end(&key) && may_be_same(own, &key));
    let builds = !built.by_key.is_empty() || !built.undefined.is_empty();
    !built.open && builds && !built.undefined.iter().any(same) && is_of_others(image, view)
}

/// The last part of an image's path, where it is literal.
pub(super) fn end(key: &str) -> Option<&str> {
    let end = key.rsplit('/').next().unwrap_or(key);
    let end = end.split(':').next().unwrap_or(end);
    (end.len() >= 3 && !end.contains(['$', '{', '}', '<', ' '])).then_some(end)
}

/// Whether two keys that end alike may mean one image: the front of one is computed, left out, or a part of the other's.
pub(super) fn may_be_same(one: &str, other: &str) -> bool {
    let front = |key: &str| key.rsplit_once('/').map_or(String::new(), |(front, _)| front.to_owned());
    let (one, other) = (front(one), front(other));
    let open = |front: &str| front.is_empty() || front.contains(['$', '{', '<']) || front.contains("PROJECT");
    open(&one) || open(&other) || one.ends_with(&other) || other.ends_with(&one)
}

/// Every image that some file builds; the first definition in path order counts.
fn built(view: &View<'_>) -> Built {
    let mut all = Built::default();
    for (path, facts) in view.book {
        for fact in &facts.facts {
            let (keys, definition) = match &fact.kind {
                FactKind::Command(command) => {
                    let keys: Vec<String> = data(command).iter().filter(|d| d.writes).map(|d| image_key(&d.key)).collect();
                    let invocation = Invocation::new(command, path, fact.unit, view);
                    // only what builds is followed here: following what starts an image would ask for this very table
                    (keys.clone(), if keys.is_empty() { None } else { definition(&invocation, view) })
                }
                FactKind::Uses(uses) => (tags(uses, facts), step(uses, view)),
                FactKind::Data(d) if d.kind == DataKind::Image && d.writes => {
                    (vec![image_key(&d.key)], beside(fact, facts, view))
                }
                _ => continue,
            };
            all.open |= keys.iter().any(|key| !key.is_empty() && end(key).is_none());
            let Some(definition) = definition else {
                all.undefined.extend(keys.into_iter().filter(|key| !key.is_empty()));
                continue;
            };
            for key in keys.into_iter().filter(|key| !key.is_empty()) {
                if let Some(end) = end(&key) {
                    all.by_end.entry(end.to_owned()).or_default().push((key.clone(), definition.clone()));
                }
                all.by_key.entry(key).or_insert_with(|| definition.clone());
            }
        }
    }
    all
}

/// The image definition that a building command names.
fn definition(invocation: &Invocation<'_>, view: &View<'_>) -> Option<RepoPath> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let leads = match words.as_slice() {
        ["build" | "bud", rest @ ..] | ["buildx" | "image" | "builder", "build", rest @ ..]
            if !matches!(invocation.command.program(), "gcloud" | "az") =>
        {
            build(invocation, rest, view)
        }
        _ => remote_build(invocation, view),
    };
    leads.into_iter().find_map(|lead| match lead.to {
        Target::File { path, .. } => Some(path),
        _ => None,
    })
}

/// `gcloud builds submit --tag`, `az acr build`: the definition in the folder that is sent.
pub(super) fn remote_build(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    match (invocation.command.program(), words.as_slice()) {
        ("gcloud", ["builds", "submit", rest @ ..] | ["beta", "builds", "submit", rest @ ..])
            if !rest.iter().any(|w| w.starts_with("--config")) && rest.iter().any(|w| is_tag(w)) =>
        {
            build(invocation, rest, view)
        }
        ("az", ["acr", "build", rest @ ..]) => build(invocation, rest, view),
        _ => Vec::new(),
    }
}

/// `gcloud builds submit` with neither a definition nor a tag: the configuration in the folder that is sent.
pub(super) fn remote_configuration(invocation: &Invocation<'_>, view: &View<'_>) -> Vec<Lead> {
    let words: Vec<&str> = invocation.arguments().iter().map(|w| w.text.as_str()).collect();
    let ("gcloud", ["builds", "submit", rest @ ..] | ["beta", "builds", "submit", rest @ ..]) =
        (invocation.command.program(), words.as_slice())
    else {
        return Vec::new();
    };
    if rest.iter().any(|w| w.starts_with("--config") || w.starts_with("--pack") || *w == "--help" || is_tag(w)) {
        return Vec::new();
    }
    let valued = |at: usize| at.checked_sub(1).and_then(|i| rest.get(i)).is_some_and(|w| w.starts_with("--") && !w.contains('='));
    const SWITCHES: &[&str] = &["--async", "--no-source", "--quiet", "--suppress-logs", "--no-cache"];
    let after_switch = |at: usize| at.checked_sub(1).and_then(|i| rest.get(i)).is_some_and(|w| SWITCHES.contains(w));
    let named = rest.iter().enumerate().find(|(at, w)| !w.starts_with('-') && (!valued(*at) || after_switch(*at)));
    let folder = named.map_or(".", |(_, word)| *word);
    let found = ["cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json"].iter().find_map(|name| {
        let path = source::join(source::join(invocation.dir()?, folder)?.as_str(), name)?;
        view.inventory.contains(&path).then_some(path)
    });
    let lead = |path: String| {
        let what = format!("submits {path}");
        let to = Target::File { path: path.into(), run: Run::Manifest };
        Lead { to, edge: EdgeKind::Submits, strength: Strength::Resolved, what }
    };
    found.map(lead).into_iter().collect()
}

fn is_tag(word: &str) -> bool {
    ["-t", "--tag", "--image"].iter().any(|option| word.split('=').next() == Some(option))
}

/// The image definition that stands in the same unit as an image's name.
fn beside(fact: &Fact, facts: &FileFacts, view: &View<'_>) -> Option<RepoPath> {
    facts.facts.iter().filter(|f| f.unit == fact.unit).find_map(|f| match &f.kind {
        FactKind::Uses(Uses { to: UsesTarget::File(path), .. }) if view.inventory.contains(path) => Some(path.as_str().into()),
        _ => None,
    })
}

/// Published steps that build an image from a definition of the tree.
pub(super) fn builds(uses: &Uses) -> bool {
    let UsesTarget::Remote(reference) = &uses.to else { return false };
    let name = reference.split('@').next().unwrap_or(reference);
    name.ends_with("/build-push-action") || name.ends_with("/buildah-build") || name.ends_with("/action-kaniko")
}

/// The image definition that a published step builds.
pub(super) fn step(uses: &Uses, view: &View<'_>) -> Option<RepoPath> {
    named_by(uses, view).filter(|path| view.inventory.contains(path)).map(RepoPath::from)
}

/// The image definition that a published step names word by word and that is not there, nor put there by its file.
pub(super) fn step_gone(uses: &Uses, from: &RepoPath, view: &View<'_>) -> Option<Lead> {
    let literal = |(_, value): &(String, String)| !value.contains("${{") && !value.contains("://");
    let told = |key: &str| ["context", "path", "file", "dockerfile", "containerfiles", "build_file"].contains(&key);
    let plain = uses.with.iter().filter(|(key, _)| told(key)).all(literal);
    // another repository's tree is what is sent where no folder is named
    let sent = uses.with.iter().any(|(key, _)| matches!(key.as_str(), "context" | "path" | "file"));
    let path = named_by(uses, view).filter(|path| plain && sent && !view.inventory.contains(path))?;
    if super::launch::may_be_made(from, &path, view) {
        return None;
    }
    let what = format!("there is no `{path}`");
    let lead = |to| Lead { to, edge: EdgeKind::Invokes, strength: Strength::Broken, what: format!("builds {path}") };
    Some(lead(Target::Missing { path: path.clone(), what }))
}

/// The path of the image definition that a published step names, or means by naming none.
fn named_by(uses: &Uses, view: &View<'_>) -> Option<String> {
    if !builds(uses) {
        return None;
    }
    let given = |keys: &[&str]| uses.with.iter().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, v)| v.trim());
    let context = given(&["context", "path"]).filter(|c| !c.contains("://") && !c.contains("${{")).unwrap_or(".");
    match given(&["file", "dockerfile", "containerfiles", "build_file"]) {
        // of this action the file is named from the root, whatever the context
        Some(file) => source::join(".", file).filter(|p| view.inventory.contains(p)).or_else(|| source::join(context, file)),
        None => {
            let small = source::join(context, "dockerfile").filter(|path| view.inventory.contains(path));
            source::join(context, "Dockerfile").filter(|path| small.is_none() || view.inventory.contains(path)).or(small)
        }
    }
}

/// The keys under which a published step puts the image: its tags, or what another step of the file computes them from.
pub(super) fn tags(uses: &Uses, facts: &FileFacts) -> Vec<String> {
    let given = |uses: &Uses, key: &str| uses.with.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let text = given(uses, "tags").or_else(|| given(uses, "image")).unwrap_or_default();
    let text = if text.contains(".outputs.tags") {
        let names = facts.facts.iter().filter_map(|fact| match &fact.kind {
            FactKind::Uses(meta) if meta.reference.contains("/metadata-action") => given(meta, "images"),
            _ => None,
        });
        let mut names: Vec<String> = names.collect();
        names.dedup();
        // several would have to be told apart by the step that is named
        if names.len() == 1 { names.remove(0) } else { String::new() }
    } else {
        text
    };
    text.split(['\n', ',']).map(str::trim).filter(|t| !t.is_empty()).map(image_key).collect()
}

/// Images by the keys that commands name.
pub(super) fn data(command: &Command) -> Vec<Data> {
    let words: Vec<&str> = command.words.iter().skip(1).map(|w| w.text.as_str()).collect();
    let builds_there = match command.program() {
        "docker" | "podman" | "nerdctl" | "buildah" => false,
        "gcloud" => words.windows(2).any(|pair| pair == ["builds", "submit"]),
        "az" => words.starts_with(&["acr", "build"]),
        _ => return Vec::new(),
    };
    if builds_there {
        return tagged(&words);
    }
    if matches!(command.program(), "gcloud" | "az") {
        return Vec::new();
    }
    let rest = match words.first() {
        Some(&"buildx" | &"image" | &"builder") => &words[1..],
        _ => &words[..],
    };
    let image = |key: &str, writes: bool| Data { kind: DataKind::Image, key: image_key(key), writes, hash: None };
    match rest.first() {
        Some(&"build" | &"bud") => tagged(rest),
        Some(&"push") => rest.get(1).map(|t| image(t, true)).into_iter().collect(),
        Some(&"pull") => rest.get(1).map(|t| image(t, false)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The images that a building command gives names to.
fn tagged(words: &[&str]) -> Vec<Data> {
    let tags = words.iter().enumerate().filter(|(_, word)| is_tag(word)).filter_map(|(at, word)| match word.split_once('=') {
        Some((_, tag)) => Some(tag),
        None => words.get(at + 1).copied(),
    });
    tags.map(|tag| Data { kind: DataKind::Image, key: image_key(tag), writes: true, hash: None }).collect()
}

/// The repository path of an image: host, tag and digest are routinely changed on the way.
pub(crate) fn image_key(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let (path, tag) = image.rsplit_once(':').map_or((image, ""), |(p, t)| (p, t));
    let path = if tag.contains('/') { image } else { path };
    match path.split_once('/') {
        Some((host, rest)) if is_host(host) => rest.to_owned(),
        _ => path.to_owned(),
    }
}

/// Whether the first part of an image's name is a registry. An expression has dots of its own, and is one where what it
/// asks for is called so: `${{ github.owner }}` is none, `${store.loginServer}` is.
fn is_host(part: &str) -> bool {
    let Some((front, back)) = part.split_once('$').zip(part.rsplit_once('}')).map(|((front, _), (_, back))| (front, back)) else {
        return part.contains(['.', ':']) || part == "localhost";
    };
    let asked = part[front.len()..part.len() - back.len()].to_ascii_lowercase();
    front.contains('.')
        || back.contains(['.', ':'])
        || (asked.contains('.') && ["server", "registry", "host"].iter().any(|word| asked.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_image_under_two_names_and_two_images_that_end_alike() {
        for (one, other, same) in [
            ("late/api", "api", true),
            ("$PROJECT/late/api", "eu-late/late/api", true),
            ("late/api", "bitnami/api", false),
            ("mirror/late/api", "late/api", true),
        ] {
            assert_eq!(may_be_same(one, other), same, "{one} {other}");
        }
        assert_eq!(end(&image_key("ghcr.io/late/api:${SHA::8}")), Some("api"));
        assert_eq!(image_key("${{ github.owner }}/api:${{ github.sha }}"), "${{ github.owner }}/api");
        assert_eq!(image_key("${store.properties.loginServer}/api:${tag}"), "api");
        assert_eq!(image_key("${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/api"), "api");
        assert_eq!(end("late/$NAME"), None);
    }

    #[test]
    fn the_image_stands_behind_the_options_and_their_values() {
        for (text, image) in [
            ("late/api", Some(0)),
            ("-d --rm -it late/api pytest", Some(3)),
            ("-t -p 80:80 late/api", Some(3)),
            ("-dp 80:80 -eA=1 late/api", Some(3)),
            ("--gpus=all --name x late/api python fit.py", Some(3)),
            ("--rm", None),
        ] {
            assert_eq!(started_image(&text.split(' ').collect::<Vec<_>>()), image, "{text}");
        }
    }
}
