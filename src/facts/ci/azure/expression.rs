//! The expression language of templates (`${{ … }}`) and of conditions, as far as it can be read without a run.
//!
//! Invariants: length and depth are bounded; what is not known stays as it is written.

use super::super::held::{Held, Truth};

/// Longer expressions are not taken apart.
const MAX_LENGTH: usize = 4_000;
/// Deeper nesting is not taken apart.
const MAX_DEPTH: usize = 16;
/// Longest text that one substitution may make, in bytes.
const MAX_GROWN: usize = 1 << 20;

/// An expression, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// A function with its arguments; the name in lower case.
    Call(String, Vec<Expression>),
    /// A text, number or truth value.
    Literal(String),
    /// A name, spelt with dots: `variables['a']` is `variables.a`.
    Name(String),
}

/// Takes an expression apart; none where it is none, or too long or deep.
pub(super) fn parse(text: &str) -> Option<Expression> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let mut rest = text.trim();
    let found = parse_at(&mut rest, 0)?;
    rest.trim().is_empty().then_some(found)
}

fn parse_at(rest: &mut &str, depth: usize) -> Option<Expression> {
    if depth > MAX_DEPTH {
        return None;
    }
    *rest = rest.trim_start();
    if rest.starts_with('\'') {
        return quoted(rest).map(Expression::Literal);
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-' | '*')).unwrap_or(rest.len());
    let (word, tail) = rest.split_at(end);
    if word.is_empty() {
        return None;
    }
    *rest = tail;
    if let Some(inner) = rest.trim_start().strip_prefix('(') {
        *rest = inner.trim_start();
        let mut arguments = Vec::new();
        while !rest.starts_with(')') {
            arguments.push(parse_at(rest, depth + 1)?);
            *rest = rest.trim_start();
            match rest.strip_prefix(',') {
                Some(more) => *rest = more.trim_start(),
                None if rest.starts_with(')') => {}
                None => return None,
            }
        }
        *rest = rest.get(1..)?;
        return Some(Expression::Call(word.to_ascii_lowercase(), arguments));
    }
    let mut name = word.to_owned();
    while let Some(inner) = rest.strip_prefix('[') {
        *rest = inner.trim_start();
        name.push('.');
        if rest.starts_with('\'') {
            name.push_str(&quoted(rest)?);
        } else {
            let end = rest.find(']')?;
            name.push_str(rest.get(..end)?.trim());
            *rest = rest.get(end..)?;
        }
        *rest = rest.trim_start().strip_prefix(']')?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-')).unwrap_or(rest.len());
        name.push_str(rest.get(..end)?);
        *rest = rest.get(end..)?;
    }
    let is_literal = name.parse::<f64>().is_ok() || name.eq_ignore_ascii_case("true") || name.eq_ignore_ascii_case("false");
    Some(if is_literal { Expression::Literal(name) } else { Expression::Name(name) })
}

/// A text in quotes at the beginning of what is left.
fn quoted(rest: &mut &str) -> Option<String> {
    let inner = rest.get(1..)?;
    let mut out = String::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            out.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            chars.next();
            out.push('\'');
        } else {
            *rest = inner.get(at + 1..)?;
            return Some(out);
        }
    }
    None
}

/// The value of an expression; none where it is not known. `of` knows the values of names.
pub(super) fn value(expression: &Expression, of: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (name, arguments) = match expression {
        Expression::Literal(text) => return Some(text.clone()),
        Expression::Name(name) => return of(name),
        Expression::Call(name, arguments) => (name.as_str(), arguments),
    };
    let text = |at: usize| arguments.get(at).and_then(|a| value(a, of));
    match name {
        "coalesce" => {
            for argument in arguments {
                let found = value(argument, of)?;
                if !found.is_empty() {
                    return Some(found);
                }
            }
            Some(String::new())
        }
        "lower" => Some(text(0)?.to_lowercase()),
        "upper" => Some(text(0)?.to_uppercase()),
        "trim" => Some(text(0)?.trim().to_owned()),
        "replace" => Some(text(0)?.replace(&text(1)?, &text(2)?)).filter(|t| t.len() < MAX_GROWN),
        "format" => {
            let mut out = text(0)?;
            for at in 1..arguments.len() {
                out = out.replace(&format!("{{{}}}", at - 1), &text(at)?);
                if out.len() > MAX_GROWN {
                    return None;
                }
            }
            Some(out)
        }
        "converttojson" => text(0),
        _ => {
            let held = judge(expression, &|name| of(name).map_or(Known::Nothing, Known::Text));
            match held.truth {
                Truth::Yes => Some("True".to_owned()),
                Truth::No => Some("False".to_owned()),
                Truth::Maybe => None,
            }
        }
    }
}

/// What is known of a name.
pub(super) enum Known {
    /// Its value.
    Text(String),
    /// It begins so, and only a run can say the rest.
    Begins(&'static str),
    /// Nothing.
    Nothing,
}

/// Whether a condition holds.
pub(super) fn judge(expression: &Expression, of: &dyn Fn(&str) -> Known) -> Held {
    let is = |truth: bool| Held::just(if truth { Truth::Yes } else { Truth::No });
    let known = |e: &Expression| match e {
        Expression::Name(name) => of(name),
        Expression::Literal(text) => Known::Text(text.clone()),
        Expression::Call(..) => {
            let text_of = |name: &str| match of(name) {
                Known::Text(text) => Some(text),
                _ => None,
            };
            match e {
                Expression::Call(name, _)
                    if matches!(name.as_str(), "lower" | "upper" | "trim" | "format" | "coalesce" | "replace") =>
                {
                    value(e, &text_of).map_or(Known::Nothing, Known::Text)
                }
                _ => Known::Nothing,
            }
        }
    };
    let (name, arguments) = match expression {
        Expression::Call(name, arguments) => (name.as_str(), arguments.as_slice()),
        single => {
            return match known(single) {
                Known::Text(text) => is(!matches!(text.to_ascii_lowercase().as_str(), "" | "false" | "0")),
                _ => unknown(expression),
            };
        }
    };
    let all = || arguments.iter().map(|a| judge(a, of));
    match (name, arguments) {
        ("and", _) => all().fold(Held::just(Truth::Yes), Held::and),
        ("or", _) => Held::any(all().collect()),
        ("not", [one]) => judge(one, of).not(),
        ("succeeded" | "always" | "succeededorfailed", _) => is(true),
        // what asks for a failure may come to run; who asks is told by its guard
        ("failed" | "canceled", _) => Held::asking(&shown(expression)),
        ("eq" | "ne", [left, right]) => {
            let equal = name == "eq";
            let named = |one: &Expression| matches!(one, Expression::Name(n) if n.eq_ignore_ascii_case("variables.Build.Reason"));
            match (known(left), known(right)) {
                (Known::Text(a), Known::Text(b)) => {
                    let same = a.eq_ignore_ascii_case(&b);
                    Held { named: equal && same && (named(left) || named(right)), ..is(same == equal) }
                }
                (Known::Begins(start), Known::Text(text)) | (Known::Text(text), Known::Begins(start)) => {
                    let possible = text.starts_with(start);
                    Held::just(match (possible, equal) {
                        (true, _) => Truth::Maybe,
                        (false, true) => Truth::No,
                        (false, false) => Truth::Yes,
                    })
                }
                _ if equal => unknown(expression),
                _ => Held::asking(&shown(expression)),
            }
        }
        ("in" | "notin", [first, rest @ ..]) => {
            let parts: Vec<Held> =
                rest.iter().map(|r| judge(&Expression::Call("eq".to_owned(), vec![first.clone(), r.clone()]), of)).collect();
            let held = Held::any(parts);
            if name == "in" { held } else { held.not() }
        }
        ("startswith" | "endswith" | "contains", [text, part]) => match (known(text), known(part)) {
            (Known::Text(text), Known::Text(part)) => {
                let (text, part) = (text.to_lowercase(), part.to_lowercase());
                is(match name {
                    "startswith" => text.starts_with(&part),
                    "endswith" => text.ends_with(&part),
                    _ => text.contains(&part),
                })
            }
            (Known::Begins(start), Known::Text(part)) if name == "startswith" => Held::just(match () {
                () if start.starts_with(&part) => Truth::Yes,
                () if part.starts_with(start) => Truth::Maybe,
                () => Truth::No,
            }),
            (Known::Begins(_), _) => Held::just(Truth::Maybe),
            _ => Held::asking(&shown(expression)),
        },
        _ => Held::asking(&shown(expression)),
    }
}

/// What asks for a value that nothing here sets.
fn unknown(expression: &Expression) -> Held {
    let asks = |e: &Expression| match e {
        Expression::Name(name) => name.strip_prefix("variables.").map(str::to_owned),
        _ => None,
    };
    let outside = match expression {
        Expression::Call(_, arguments) => arguments.iter().find_map(asks),
        single => asks(single),
    };
    Held { outside, ..Held::asking(&shown(expression)) }
}

/// Whether it may run although something before it failed.
pub(super) fn after_failures(expression: &Expression) -> bool {
    match expression {
        Expression::Call(name, arguments) => {
            matches!(name.as_str(), "always" | "failed" | "succeededorfailed" | "canceled")
                || arguments.iter().any(after_failures)
        }
        _ => false,
    }
}

/// Whether it holds only after a failure.
pub(super) fn only_after_failures(expression: &Expression) -> bool {
    match expression {
        Expression::Call(name, arguments) => match name.as_str() {
            "failed" | "canceled" => true,
            "and" => arguments.iter().any(only_after_failures),
            "or" => !arguments.is_empty() && arguments.iter().all(only_after_failures),
            _ => false,
        },
        _ => false,
    }
}

/// Whether it asks that what came before went well.
pub(super) fn asks_success(expression: &Expression) -> bool {
    match expression {
        Expression::Call(name, arguments) => name == "succeeded" || arguments.iter().any(asks_success),
        _ => false,
    }
}

fn shown(expression: &Expression) -> String {
    match expression {
        Expression::Literal(text) => format!("'{text}'"),
        Expression::Name(name) => name.clone(),
        Expression::Call(name, arguments) => format!("{name}({})", arguments.iter().map(shown).collect::<Vec<_>>().join(", ")),
    }
}

/// Puts values that are known in the place of their expressions; all others stay as written.
pub(super) fn fill(text: &str, of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inner, tail)) = after.split_once("}}") else { break };
        out.push_str(before);
        match parse(inner).and_then(|e| value(&e, of)).filter(|v| out.len() + v.len() < MAX_GROWN) {
            Some(value) => out.push_str(&value),
            None => {
                out.push_str("${{");
                out.push_str(inner);
                out.push_str("}}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<String> {
        match name {
            "parameters.size" => Some("big".to_owned()),
            "variables.Build.Reason" => Some("Schedule".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn values_take_the_place_of_what_is_known() {
        assert_eq!(
            fill("a ${{ parameters.size }} ${{ parameters['size'] }} ${{ parameters.x }}", &of),
            "a big big ${{ parameters.x }}"
        );
        assert_eq!(fill("${{ format('{0}-{1}', parameters.size, 'it''s') }}", &of), "big-it's");
        assert_eq!(fill("${{ eq(parameters.size, 'BIG') }} ${{ open", &of), "True ${{ open");
    }

    #[test]
    fn conditions_are_judged() {
        let check = |text: &str, expected: &str| {
            let held = judge(&parse(text).unwrap(), &|name| of(name).map_or(Known::Nothing, Known::Text));
            let mut told = format!("{:?}", held.truth);
            if held.named {
                told += " named";
            }
            for text in held.outside.iter().chain(&held.rest) {
                told += &format!(" {text}");
            }
            assert_eq!(told, expected, "{text}");
        };
        check("and(succeeded(), eq(variables['Build.Reason'], 'Schedule'))", "Yes named");
        check("ne(variables['Build.Reason'], 'Schedule')", "No");
        check("in(variables['Build.Reason'], 'Manual', 'PullRequest')", "No");
        check("eq(variables.train, 'yes')", "Maybe train eq(variables.train, 'yes')");
        check("not(false)", "Yes");
        check("false", "No");
        assert!(parse("and(a").is_none() && parse("").is_none() && parse("a b").is_none());
        assert!(parse(&format!("{}a{}", "not(".repeat(100), ")".repeat(100))).is_none());
    }
}
