//! The built-in rules: sound, and every example and counter-example of theirs comes out as it says.

#[test]
fn every_rule_is_sound_and_proven() {
    match treering::check_rules(None) {
        Ok(summary) => assert!(summary.to_string().contains("61 practices"), "{summary}"),
        Err(error) => panic!("{error}"),
    }
}
