//! What can happen to a file: each damage that is known, done to one text.

use super::scanning::dice::Dice;
use super::seeds::Form;

/// Most damaged texts of one kind that are made of one seed, about: `TREERING_HOSTILE_MOST=50` tries nearly all there are.
fn most() -> usize {
    std::env::var("TREERING_HOSTILE_MOST").ok().and_then(|most| most.parse().ok()).unwrap_or(3)
}

/// Every damaged text, each with what was done to it. The same for the same seed of the dice.
pub fn all(text: &str, form: Form, dice: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    let bytes = text.as_bytes();
    let most = most();
    for cut in (0..bytes.len()).step_by(bytes.len() / most.max(1) + 1) {
        out.push((format!("cut off after {cut} bytes"), bytes[..cut].to_vec()));
    }
    for time in 0..4 {
        let mut noisy = bytes.to_vec();
        for _ in 0..=time * 4 {
            let at = dice.below(noisy.len());
            noisy[at] = dice.below(256) as u8;
        }
        out.push((format!("{} random bytes", time * 4 + 1), noisy));
    }
    let written = encodings(text, dice);
    out.extend(dice.some(written, 3 * most));
    for (what, damaged) in dice
        .some(lines(text), 3 * most)
        .into_iter()
        .chain(dice.some(words(text), 2 * most))
        .chain(dice.some(values(text, form), 4 * most))
        .chain(dice.some(sizes(text, form), most + 2))
    {
        out.push((what, damaged.into_bytes()));
    }
    out
}

/// Bytes that are no text, or text as other machines write it.
fn encodings(text: &str, dice: &mut Dice) -> Vec<(String, Vec<u8>)> {
    let inserted = |at: usize, what: &[u8]| [&text.as_bytes()[..at], what, &text.as_bytes()[at..]].concat();
    let wide = |swap: bool| {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|u| if swap { u.to_be_bytes() } else { u.to_le_bytes() }).collect::<Vec<u8>>()
    };
    let mut out = vec![
        ("a mark of UTF-8".to_owned(), inserted(0, b"\xEF\xBB\xBF")),
        ("UTF-16, low byte first".to_owned(), wide(false)),
        ("UTF-16, high byte first".to_owned(), wide(true)),
        ("UTF-16 without its last byte".to_owned(), wide(false)[..text.len() / 2 * 2 + 1].to_vec()),
        ("lines of Windows".to_owned(), text.replace('\n', "\r\n").into_bytes()),
        ("lines of an old Mac".to_owned(), text.replace('\n', "\r").into_bytes()),
        ("U+2028 for line feeds".to_owned(), text.replace('\n', "\u{2028}").into_bytes()),
        ("tabs for blanks".to_owned(), text.replace("  ", "\t").into_bytes()),
        ("no last line feed".to_owned(), text.trim_end().as_bytes().to_vec()),
        ("NUL before every line".to_owned(), text.replace('\n', "\n\0").into_bytes()),
        ("letters of two bytes".to_owned(), text.replace(['a', 'e'], "é").into_bytes()),
        ("letters of four bytes".to_owned(), text.replace([' ', ':'], "\u{1F9F6}").into_bytes()),
        ("blanks that are none".to_owned(), text.replace(' ', "\u{A0}").into_bytes()),
    ];
    let marks: [(&str, &[u8]); 8] = [
        ("NUL", b"\0"),
        ("a byte that is no text", b"\xFF"),
        ("half a letter", b"\xC3"),
        ("an overlong slash", b"\xC0\xAF"),
        ("half a pair", b"\xED\xA0\x80"),
        ("a mark of UTF-8 within", b"\xEF\xBB\xBF"),
        ("an escape", b"\x1B[2J"),
        ("a letter of four bytes", "\u{1F9F6}".as_bytes()),
    ];
    for (what, mark) in marks {
        let at = dice.below(text.len());
        out.push((format!("{what} at byte {at}"), inserted(at, mark)));
    }
    out
}

/// Lines lost, doubled (keys too), moved, pushed in, marked by a merge.
fn lines(text: &str) -> Vec<(String, String)> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Vec::new();
    for (i, line) in all.iter().enumerate() {
        let with = |middle: &[&str]| [&all[..i], middle, &all[i + 1..]].concat().concat();
        out.push((format!("line {} lost", i + 1), with(&[])));
        out.push((format!("line {} twice", i + 1), with(&[line, line])));
        out.push((format!("line {} pushed in", i + 1), with(&["  ", line])));
        out.push((format!("line {} at the margin", i + 1), with(&[line.trim_start()])));
        out.push((
            format!("line {} in a conflict", i + 1),
            with(&["<<<<<<< ours\n", line, "=======\n", line, ">>>>>>> theirs\n"]),
        ));
        if let Some(next) = all.get(i + 1) {
            out.push((
                format!("lines {} and {} exchanged", i + 1, i + 2),
                [&all[..i], &[next, line], &all[i + 2..]].concat().concat(),
            ));
        }
    }
    out
}

/// Words and marks lost, doubled, exchanged.
fn words(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut from = 0;
    let ends = text.char_indices().zip(text.chars().skip(1)).filter(|((_, a), b)| !a.is_alphanumeric() || !b.is_alphanumeric());
    let ends: Vec<usize> = ends.map(|((at, a), _)| at + a.len_utf8()).chain([text.len()]).collect();
    for end in ends {
        let (before, word, after) = (&text[..from], &text[from..end], &text[end..]);
        if !word.trim().is_empty() {
            out.push((format!("{word:?} at byte {from} lost"), format!("{before}{after}")));
            out.push((format!("{word:?} at byte {from} doubled"), format!("{before}{word}{word}{after}")));
            out.push((format!("{word:?} at byte {from} wide"), format!("{before}\u{1F9F6}{word}é{after}")));
        }
        from = end;
    }
    out
}

/// Every value in turn becomes something of another type.
fn values(text: &str, form: Form) -> Vec<(String, String)> {
    match form {
        Form::Yaml => yaml_values(text),
        Form::Json => json_values(text),
        Form::Lines => line_values(text),
        Form::Words => word_values(text),
    }
}

/// A word of so many letters.
fn long() -> String {
    "north-".repeat(800)
}

fn yaml_values(text: &str) -> Vec<(String, String)> {
    let wide = long();
    let others = [
        "",
        "null",
        "7",
        "-.inf",
        "0o17",
        "true",
        "[]",
        "{}",
        "[a, 7, { b: [c] }]",
        "{ a: { b: [c] }, 7: d }",
        "&me [*me]",
        "&me { <<: *me, a: *me }",
        "*nowhere",
        "!!binary x",
        "!reference [a, b]",
        "|2-\n   x",
        "\"\\ud800\"",
        "${{ x }}",
        "{{ x }}",
        "$(x)",
        &wide,
    ];
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Vec::new();
    for (i, line) in all.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        // the value of a key takes what is pushed in below it along
        let Some((key, _)) = line.split_once(": ").or_else(|| line.trim_end().strip_suffix(':').map(|key| (key, ""))) else {
            continue;
        };
        let deeper = |l: &&&str| l.trim().is_empty() || l.len() - l.trim_start().len() > indent;
        let below = all[i + 1..].iter().take_while(deeper).count();
        for (n, other) in others.iter().enumerate() {
            let text = format!("{}{key}: {other}\n{}", all[..i].concat(), all[i + 1 + below..].concat());
            out.push((format!("line {}: other value {n}", i + 1), text));
        }
    }
    // and every word in a flow
    out.extend(word_values(text).into_iter().step_by(3));
    out
}

fn json_values(text: &str) -> Vec<(String, String)> {
    let Ok(whole) = serde_json::from_str::<serde_json::Value>(text) else { return word_values(text) };
    let mut places: Vec<String> = vec![String::new()];
    let mut next = 0;
    while let Some(place) = places.get(next).cloned() {
        next += 1;
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match whole.pointer(&place) {
            Some(serde_json::Value::Object(map)) => places.extend(map.keys().map(|key| format!("{place}/{}", escaped(key)))),
            Some(serde_json::Value::Array(list)) => places.extend((0..list.len()).map(|i| format!("{place}/{i}"))),
            _ => {}
        }
    }
    let wide = serde_json::Value::String(long());
    let others = [
        serde_json::json!(null),
        serde_json::json!(7),
        serde_json::json!(-1.5e300),
        serde_json::json!(true),
        serde_json::json!([]),
        serde_json::json!({}),
        serde_json::json!(["a", 7, { "b": ["c"] }]),
        serde_json::json!({ "a": { "b": ["c"] }, "": null }),
        whole.clone(),
        wide,
    ];
    let mut out = Vec::new();
    for place in &places {
        for (n, other) in others.iter().enumerate() {
            let mut changed = whole.clone();
            if let Some(value) = changed.pointer_mut(place) {
                value.clone_from(other);
            }
            out.push((format!("{place}: other value {n}"), changed.to_string()));
        }
    }
    out
}

fn line_values(text: &str) -> Vec<(String, String)> {
    let wide = format!("\"{}\"", long());
    let others = [
        "",
        "null",
        "7",
        "-inf",
        "true",
        "1979-05-27",
        "[]",
        "{}",
        "[\"a\", 7, { b = [1] }]",
        "{ a = { b = [1] } }",
        "\"${self.x}\"",
        "%(me)s",
        "var.me[*].x",
        "<<EOT\nx\nEOT",
        &wide,
    ];
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Vec::new();
    for (i, line) in all.iter().enumerate() {
        let Some((key, _)) = line.split_once('=') else { continue };
        for (n, other) in others.iter().enumerate() {
            out.push((
                format!("line {}: other value {n}", i + 1),
                format!("{}{key}= {other}\n{}", all[..i].concat(), all[i + 1..].concat()),
            ));
        }
    }
    out
}

fn word_values(text: &str) -> Vec<(String, String)> {
    let wide = long();
    let others = [
        "None",
        "7",
        "[]",
        "{\"a\": [1]}",
        "lambda: x",
        "*x",
        "\"",
        "'''",
        "$(",
        "${x:-${y}}",
        "`x`",
        "\\",
        "#",
        "<<EOF",
        "((",
        "))",
        &wide,
    ];
    let mut out = Vec::new();
    let mut from = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (from, letter.is_alphanumeric() || letter == '_') {
            (None, true) => from = Some(at),
            (Some(start), false) => {
                let other = others[(start + at) % others.len()];
                let word = &text[start..at];
                out.push((
                    format!("{word:?} at byte {start}: another word"),
                    format!("{}{other}{}", &text[..start], &text[at..]),
                ));
                from = None;
            }
            _ => {}
        }
    }
    out
}

/// Much of it: long lines, deep nesting, the whole many times over.
fn sizes(text: &str, form: Form) -> Vec<(String, String)> {
    let middle = text.match_indices('\n').map(|(at, _)| at).nth(text.lines().count() / 2).unwrap_or(0);
    let inserted = |what: &str| format!("{}{what}{}", &text[..middle], &text[middle..]);
    let deep = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    let sign = if form == Form::Yaml { ": " } else { " = " };
    let stairs: String = (0..400).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    vec![
        ("a line of 20,000 letters".to_owned(), inserted(&"x".repeat(20_000))),
        ("a line of 1,500 words".to_owned(), inserted(&" -x=\"$y\"".repeat(1_500))),
        ("brackets 3,000 deep".to_owned(), inserted(&format!("\nx{sign}{}", deep("[", "]", 3_000)))),
        ("maps 3,000 deep".to_owned(), inserted(&format!("\nx{sign}{}", deep("{\"a\": ", "}", 3_000)))),
        ("calls 3,000 deep".to_owned(), inserted(&format!("\nx{sign}{}", deep("f(", ")", 3_000)))),
        ("substitutions 500 deep".to_owned(), inserted(&format!("\n{}", deep("echo $(", ")", 500)))),
        ("3,000 brackets left open".to_owned(), inserted(&"[{(".repeat(1_000))),
        ("stairs of 400 steps".to_owned(), format!("{text}{stairs}")),
        ("eight times over".to_owned(), text.repeat(8)),
        ("eight documents".to_owned(), format!("{text}---\n").repeat(8)),
        ("nothing but line feeds".to_owned(), "\n".repeat(5_000)),
        ("nothing".to_owned(), String::new()),
    ]
}
