//! The table of verdicts and levels, and what must hold whatever the verdicts are.

use std::collections::BTreeMap;

use super::*;

const VECTORS: &str = include_str!("../../../tests/data/levels.jsonl");

/// One line of the table: verdicts in, levels out.
fn vectors() -> Vec<(String, Verdicts, BTreeMap<String, Vec<u8>>)> {
    let read = |line: &str| -> (String, Verdicts, BTreeMap<String, Vec<u8>>) {
        let row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let text = |value: &serde_json::Value, key: &str| value.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        let mut verdicts = Verdicts::new();
        for (id, said) in row["practices"].as_object().unwrap() {
            let verdict = Verdict::from_word(&text(said, "v").unwrap()).unwrap();
            // The table leaves the reason out where it is weak.
            let because = text(said, "because").map_or(Because::Weak, |b| Because::from_word(&b).unwrap());
            let standing = match verdict {
                Verdict::Indicated => Standing::indicated(because),
                Verdict::Unknown => Standing::unknown(Unknown::NoDetector),
                other => Standing::plain(other),
            };
            verdicts.insert(id.as_str(), standing);
            if id == "data.validated" && text(said, "q").as_deref() != Some("at=serving") {
                verdicts.insert("data.validated[at=training]", standing);
            }
        }
        let levels = row
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "name" | "practices"))
            .map(|(key, three)| (key.clone(), serde_json::from_value(three.clone()).unwrap()))
            .collect();
        (row["name"].as_str().unwrap().to_owned(), verdicts, levels)
    };
    VECTORS.lines().map(read).collect()
}

#[test]
fn the_published_table_is_matched() {
    let table = vectors();
    assert_eq!(table.len(), 27);
    for id in ["google", "azure", "gigaom"] {
        let model = model(id);
        for (name, verdicts, expected) in &table {
            let assessment = grade(&model, verdicts);
            if let Some(level) = expected.get(id) {
                assert_eq!(numbers(&assessment.overall).to_vec(), *level, "{name} {id}");
            }
            for (dimension, grades) in &assessment.dimensions {
                match expected.get(&format!("{id}.{dimension}")) {
                    Some(level) => {
                        assert_eq!(numbers(grades).to_vec(), *level, "{name} {id}.{dimension}")
                    }
                    None => assert_eq!(grades.numbers, None, "{name} {id}.{dimension}"),
                }
            }
        }
    }
}

/// The number again, from nothing but what is reported of each level.
fn recomputed(
    grades: &Grades,
    passes_over: bool,
    of: fn(&Three<f64>) -> f64,
    holds: fn(&Three<bool>) -> bool,
    weight: fn(&Three<Option<f64>>) -> Option<f64>,
) -> u8 {
    let mut number = 0;
    for level in &grades.reached {
        let known: Vec<f64> = level.rows.iter().filter_map(|r| weight(&r.weight)).collect();
        if passes_over && known.is_empty() {
            continue;
        }
        let share = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        assert!((share - of(&level.share)).abs() < 1e-9);
        if !holds(&level.holds) || share + 1e-9 < of(&level.needed) {
            break;
        }
        number = level.level;
    }
    number
}

#[test]
fn a_level_can_be_recomputed_from_what_is_reported() {
    for id in ["google", "azure", "gigaom"] {
        let model = model(id);
        for (name, verdicts, _) in vectors() {
            let assessment = grade(&model, &verdicts);
            let all = std::iter::once((false, &assessment.overall)).chain(assessment.dimensions.iter().map(|(_, g)| (true, g)));
            for (passes_over, grades) in all.filter(|(_, g)| g.numbers.is_some()) {
                let again = [
                    recomputed(grades, passes_over, |t| t.floor, |t| t.floor, |t| t.floor),
                    recomputed(grades, passes_over, |t| t.level, |t| t.level, |t| t.level),
                    recomputed(grades, passes_over, |t| t.ceiling, |t| t.ceiling, |t| t.ceiling),
                ];
                assert_eq!(again, numbers(grades), "{name} {id}");
            }
        }
    }
}

/// Numbers that look thrown, the same at every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn standing(&mut self) -> Standing {
        match self.throw(12) {
            0..=2 => Standing::plain(Verdict::Met),
            3 => Standing::plain(Verdict::Attested),
            4 => Standing::plain(Verdict::Contradicted),
            5 => Standing::plain(Verdict::NotApplicable),
            6 => Standing::unknown(Unknown::NoHistory),
            7 | 8 => Standing::plain(Verdict::NotShown),
            _ => Standing::indicated(Because::ALL[usize::try_from(self.throw(5)).unwrap()]),
        }
    }
}

#[test]
fn floor_level_and_ceiling_never_cross() {
    let mut dice = Dice(0x7265_6572_6973_6e67);
    for id in ["google", "azure", "gigaom"] {
        let model = model(id);
        let ids: Vec<String> = found(&model, &[]).iter().map(|(id, _)| id.to_owned()).collect();
        let mut seen = [false; 5];
        for _ in 0..400 {
            let verdicts: Verdicts = ids.iter().map(|id| (id.clone(), dice.standing())).collect();
            let assessment = grade(&model, &verdicts);
            for grades in std::iter::once(&assessment.overall).chain(assessment.dimensions.iter().map(|(_, g)| g)) {
                let Some(three) = grades.numbers else {
                    continue;
                };
                assert!(three.floor <= three.level && three.level <= three.ceiling, "{id}: {three:?}");
                assert!(grades.with_attestations.is_none_or(|level| level >= three.level));
                assert_eq!(grades.could_be.is_some(), !grades.incomplete.is_empty());
                if let Some(could) = grades.could_be {
                    assert!(could.floor >= three.floor && could.level >= three.level && could.ceiling >= three.ceiling);
                }
                assert!(grades.traits.iter().all(|t| *t > three.level));
                assert!(grades.same_as.is_none_or(|same| same > three.level));
                seen[usize::from(three.level)] = true;
            }
            for blocker in &assessment.blocking {
                assert!(blocker.lifts_to.is_none_or(|level| level >= blocker.level));
                assert!(!blocker.what.is_empty());
            }
        }
        assert!(seen[0] && seen[1] && seen[2], "{id}: the dice never leave the ground");
    }
}
