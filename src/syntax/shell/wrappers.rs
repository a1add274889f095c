//! Takes off what stands before the real command: `sudo -E`, `poetry run`, `timeout 60`, …
//!
//! Which programs do that is data (`rules/wrappers.yaml`); how their options are skipped is here.

use serde::Deserialize;

use super::Word;

/// Wrappers around wrappers that are taken off.
const MAX_LAYERS: usize = 8;

/// A program that runs another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapper {
    /// The program and its sub-command: `[poetry, run]`. A path in front of the program is ignored.
    pub words: Vec<String>,
    /// Options that take the next word, as they are written: `-n`, `--name`.
    #[serde(default)]
    pub options_with_value: Vec<String>,
    /// Options whose value is the folder in which the real command runs.
    #[serde(default)]
    pub folder_options: Vec<String>,
    /// Operands between the wrapper and the real command: 1 for `timeout 60 cmd`.
    #[serde(default)]
    pub positional: usize,
    /// Assignments (`A=b`) may stand before the real command.
    #[serde(default)]
    pub assignments: bool,
    /// The real command stands behind `--`; without that there is none.
    #[serde(default)]
    pub behind_dashes: bool,
    /// What follows is not a command but an argument of this program.
    #[serde(default)]
    pub becomes: Option<String>,
    /// Options by which a Python module is named instead of a file or command; each is read as `-m`.
    #[serde(default)]
    pub module_options: Vec<String>,
    /// A Python file may stand in place of the command.
    #[serde(default)]
    pub python_files: bool,
}

/// A command without its wrappers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stripped {
    /// The real command; empty if there is none behind the wrapper.
    pub words: Vec<Word>,
    /// Assignments that stood between.
    pub assignments: Vec<(String, Word)>,
    /// What was taken off, outermost first: `sudo`, `poetry run`.
    pub wrappers: Vec<String>,
    /// The folder that the innermost wrapper names for the real command.
    pub folder: Option<Word>,
}

/// Takes off all wrappers of the table. Of several that fit, the longest is meant.
pub fn strip(words: &[Word], table: &[Wrapper]) -> Stripped {
    let mut stripped = Stripped { words: words.to_vec(), ..Stripped::default() };
    while stripped.wrappers.len() < MAX_LAYERS {
        let fitting = table.iter().filter_map(|wrapper| Some((wrapper, after_name(&stripped.words, wrapper)?)));
        let Some((wrapper, from)) = fitting.max_by_key(|(wrapper, _)| wrapper.words.len()) else { break };
        let name = wrapper.words.join(" ");
        stripped.folder = folder(&stripped.words, wrapper).or(stripped.folder);
        stripped.words = behind(&stripped.words, from, wrapper, &mut stripped.assignments);
        stripped.wrappers.push(name);
        // What has become a program of its own is not looked through again.
        if wrapper.becomes.is_some() {
            break;
        }
    }
    stripped
}

/// The value of an option for the folder, in front of the real command.
fn folder(words: &[Word], wrapper: &Wrapper) -> Option<Word> {
    let mut words = words.iter().skip(1).take_while(|word| word.text != "--");
    while let Some(word) = words.next() {
        match word.text.split_once('=') {
            _ if wrapper.folder_options.contains(&word.text) => return words.next().cloned(),
            Some((option, value)) if wrapper.folder_options.iter().any(|known| known == option) => {
                return Some(Word { text: value.to_owned(), literal: word.literal });
            }
            _ => {}
        }
    }
    None
}

/// The index after the wrapper's own words, if it is this one. Its options may stand between them.
fn after_name(words: &[Word], wrapper: &Wrapper) -> Option<usize> {
    let mut at = 0;
    for (index, expected) in wrapper.words.iter().enumerate() {
        if index > 0 && !expected.starts_with('-') {
            at = after_options(words, at, wrapper, false);
        }
        let word = words.get(at)?;
        let name = if index == 0 { word.text.rsplit('/').next().unwrap_or_default() } else { word.text.as_str() };
        let same = name == expected || (index == 0 && expected == "python" && is_python(name));
        if !same {
            return None;
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// `python3`, `python3.11`: the same program by version.
fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// The index after options. `to_end`: `--` ends them, and a module option is none.
fn after_options(words: &[Word], mut at: usize, wrapper: &Wrapper, to_end: bool) -> usize {
    while let Some(word) = words.get(at) {
        let text = word.text.as_str();
        if to_end && wrapper.module_options.iter().any(|option| option == text) {
            break;
        }
        if text == "--" {
            return if to_end { at + 1 } else { at };
        }
        if !text.starts_with('-') || text == "-" {
            break;
        }
        at += if wrapper.options_with_value.iter().any(|option| option == text) { 2 } else { 1 };
    }
    at
}

/// The real command behind a wrapper.
fn behind(words: &[Word], from: usize, wrapper: &Wrapper, assignments: &mut Vec<(String, Word)>) -> Vec<Word> {
    let mut at = from;
    let mut operands = wrapper.positional;
    if wrapper.behind_dashes {
        return words.iter().skip(from).skip_while(|word| word.text != "--").skip(1).cloned().collect();
    }
    loop {
        at = after_options(words, at, wrapper, true);
        let Some(word) = words.get(at) else { break };
        if let Some((name, value)) = word.text.split_once('=').filter(|(name, _)| wrapper.assignments && is_name(name)) {
            assignments.push((name.to_owned(), Word { text: value.to_owned(), literal: word.literal }));
        } else if operands > 0 {
            operands -= 1;
        } else {
            break;
        }
        at += 1;
    }
    let mut rest: Vec<Word> = words.get(at..).unwrap_or_default().to_vec();
    let plain = |text: &str| Word { text: text.to_owned(), literal: true };
    let is_python =
        |first: &Word| wrapper.module_options.contains(&first.text) || (wrapper.python_files && first.text.ends_with(".py"));
    let own = || rest.first().is_some_and(is_python).then(|| "python".to_owned());
    let Some(program) = wrapper.becomes.clone().or_else(own) else { return rest };
    match rest.first_mut() {
        None => return rest,
        Some(first) if wrapper.module_options.contains(&first.text) => *first = plain("-m"),
        // `torchrun python x.py` is a mistake that is made.
        Some(first) if self::is_python(&first.text) => return rest,
        Some(_) => {}
    }
    rest.insert(0, plain(&program));
    rest
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(line: &str) -> String {
        let table: Vec<Wrapper> =
            serde_yaml::from_str(include_str!("../../../rules/wrappers.yaml")).unwrap_or_else(|e| panic!("{e}"));
        let words: Vec<Word> = line.split(' ').map(|text| Word { text: text.to_owned(), literal: true }).collect();
        let stripped = strip(&words, &table);
        let assignments = stripped.assignments.iter().map(|(name, value)| format!("{name}={}", value.text));
        assignments.chain(stripped.words.into_iter().map(|word| word.text)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn wrappers_are_taken_off() {
        for (line, rest) in [
            ("python train.py", "python train.py"),
            ("sudo -E -u ml python train.py -u x", "python train.py -u x"),
            ("/usr/bin/env -u A B=1 C=2 python train.py", "B=1 C=2 python train.py"),
            ("timeout -k 5 1h python train.py", "python train.py"),
            ("time -p nohup nice -n 10 make all", "make all"),
            ("poetry run python -m pkg", "python -m pkg"),
            ("poetry -C app run pytest", "pytest"),
            ("poetry install", "poetry install"),
            ("uv run --with torch --frozen -- python x.py", "python x.py"),
            ("uv run -m pkg.train --lr 1", "python -m pkg.train --lr 1"),
            ("uv run --frozen train.py", "python train.py"),
            ("uvx ruff check", "ruff check"),
            ("conda run --no-capture-output -n env python x.py", "python x.py"),
            ("micromamba run -p /env dvc repro", "dvc repro"),
            ("srun -N 2 --gres=gpu:4 python x.py", "python x.py"),
            ("mpirun -np 4 -x A python x.py", "python x.py"),
            ("torchrun --nproc_per_node=8 --nnodes 2 train.py --lr 1", "python train.py --lr 1"),
            ("torchrun --standalone -m pkg.train", "python -m pkg.train"),
            ("accelerate launch --config_file a.yaml --module pkg.train", "python -m pkg.train"),
            ("accelerate config", "accelerate config"),
            ("python3.11 -m torch.distributed.run --nproc_per_node 2 train.py", "python train.py"),
            ("deepspeed --num_gpus 2 train.py --deepspeed cfg.json", "python train.py --deepspeed cfg.json"),
            ("sudo timeout 60 poetry run torchrun a.py", "python a.py"),
            ("coverage run -m pytest tests", "python -m pytest tests"),
            ("xvfb-run -a python x.py", "python x.py"),
            ("hatch -e ml run train", "train"),
            ("ray job submit --address http://head:8265 --working-dir . -- python fit.py", "python fit.py"),
            ("ray start --head", "ray start --head"),
            ("./wait-for-it.sh db:5432 -t 30 -- python x.py -- a", "python x.py -- a"),
            ("/app/wait-for -q -h db -p 5432 -- python x.py", "python x.py"),
            ("wait-for-it.sh db:5432", ""),
            ("dockerize -wait tcp://db:5432 -timeout 60s python x.py", "python x.py"),
            ("watchmedo auto-restart -d src --pattern=*.py --recursive -- celery -A shop worker -B", "celery -A shop worker -B"),
            ("watchmedo shell-command src", "watchmedo shell-command src"),
            ("sudo", ""),
            ("torchrun", ""),
        ] {
            assert_eq!(stripped(line), rest, "{line}");
        }
    }

    #[test]
    fn layers_are_bounded() {
        let line = ["sudo "; 100].concat() + "ls";
        assert!(stripped(&line).starts_with("sudo"));
    }
}
