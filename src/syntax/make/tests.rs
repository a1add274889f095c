use super::*;

fn read(text: &str) -> Makefile {
    parse(text, &BTreeMap::new())
}

fn recipe(file: &Makefile, target: &str) -> String {
    let rules = file.rules.iter().filter(|rule| rule.targets.iter().any(|t| t == target));
    rules.flat_map(|rule| &rule.recipe).map(|line| line.text.as_str()).collect::<Vec<_>>().join(" ; ")
}

const BASIC: &str = "# the usual
PY ?= python
SRC := src
ARGS = --data $(DATA)
ARGS += --epochs 3
DATA = data/$(STAGE)
export STAGE = dev
.PHONY: all train
all: train | out ## everything

train: $(SRC)/train.py data
\t@echo training
\t-$(PY) $(SRC)/train.py $(ARGS) \\
\t  --out $@
\t$(MAKE) -C deploy push
out data:
\tmkdir -p $@ $$HOME $(UNSET)
quick: train ; ./quick.sh
";

#[test]
fn rules_and_recipes() {
    let file = read(BASIC);
    assert_eq!(file.errors, []);
    assert_eq!(file.default.as_deref(), Some("all"));
    let train = file.rules.iter().find(|rule| rule.targets == ["train"]).unwrap_or_else(|| panic!("{file:?}"));
    assert_eq!(train.prerequisites, ["src/train.py", "data"]);
    assert_eq!(train.line, 11);
    let [echo, python, make] = train.recipe.as_slice() else { panic!("{train:?}") };
    assert!(echo.silent && !echo.ignore_errors && python.ignore_errors);
    assert_eq!(python.text, "python src/train.py --data data/dev --epochs 3 \\\n  --out train");
    assert_eq!((python.line, make.line), (13, 15));
    assert_eq!(make.text, "make -C deploy push");
    assert_eq!(recipe(&file, "data"), "mkdir -p $@ $HOME ${UNSET}");
    assert_eq!(recipe(&file, "quick"), "./quick.sh");
    let all = file.rules.iter().find(|rule| rule.targets == ["all"]);
    assert_eq!(all.map(|rule| rule.prerequisites.join(" ")).as_deref(), Some("train out"));
    assert_eq!(file.variables["ARGS"], ("--data data/dev --epochs 3".to_owned(), 5));
    assert!(file.exported.contains("STAGE"));
}

#[test]
fn given_values_win() {
    let given = [("STAGE".to_owned(), "prod".to_owned()), ("PY".to_owned(), "python3".to_owned())].into();
    let file = parse(BASIC, &given);
    assert!(recipe(&file, "train").contains("python3 src/train.py --data data/prod"));
    assert_eq!(file.variables["STAGE"], ("prod".to_owned(), 0));
    let file = parse("override X = 1\na:\n\techo $(X)\n", &[("X".to_owned(), "2".to_owned())].into());
    assert_eq!(recipe(&file, "a"), "echo 1");
}

#[test]
fn when_variables_are_put_in() {
    let file = read("A = $(B)\nC := $(B)\nB = later\nx:\n\t$(A) $(C) ${B} $B\n");
    assert_eq!(recipe(&file, "x"), "later ${B} later later");
    let file = read("A = 1\nA ?= 2\nB ?= 3\nS := a.c b.c\nO = $(S:.c=.o)\nx:\n\t$A $B $O $(A_$(B)) $(A$(EMPTY)\n");
    assert_eq!(recipe(&file, "x"), "1 3 a.o b.o ${A_3} $(A$(EMPTY)");
}

#[test]
fn functions_stay_valid_shell() {
    let file = read(
        "V := $(shell git describe --tags)\nW != cat w\ndefine run\n\t@echo $(1)\n\tpython $(1).py\nendef\nx:\n\techo $(V) $W $(patsubst a,b,$(V)) $(wildcard *.py)\n\t$(call run,train)\n\techo $(if $(E),a,b) $(or ,c)\n$(eval x: y)\n",
    );
    assert_eq!(file.errors, []);
    assert_eq!(
        recipe(&file, "x"),
        "echo $(git describe --tags) $(cat w) ${patsubst} *.py ; echo train ; python train.py ; echo ${if} c"
    );
}

#[test]
fn both_branches_are_kept_where_nobody_knows() {
    let file = read(
        "ifdef CI\nFLAG = --ci\nelse\nFLAG = --dev\nendif\nx:\nifeq ($(OS),Windows_NT)\n\twin\nelse ifeq ($(OS),Mac)\n\tmac\nelse\n\tlinux $(FLAG)\nendif\n\talways\n",
    );
    assert_eq!(file.errors, []);
    assert_eq!(recipe(&file, "x"), "win ; mac ; linux ${FLAG} ; always");
    let open: Vec<bool> = file.rules[0].recipe.iter().map(|line| line.conditional).collect();
    assert_eq!(open, [true, true, true, false]);
}

#[test]
fn known_conditions_are_decided() {
    let text = "GPU ?= 0\nifeq ($(GPU),1)\nx:\n\tgpu\nelse\nx:\n\tcpu\nendif\nifneq \"$(GPU)\" \"0\"\ny:\n\ty\nendif\nifdef GPU\nz:\n\tz\nendif\nifndef GPU\nz:\n\tnever\nendif\n";
    let file = read(text);
    assert_eq!((recipe(&file, "x"), recipe(&file, "y"), recipe(&file, "z")), ("cpu".into(), "".into(), "z".into()));
    assert!(file.rules.iter().all(|rule| !rule.conditional));
    let file = parse(text, &[("GPU".to_owned(), "1".to_owned())].into());
    assert_eq!((recipe(&file, "x"), recipe(&file, "y")), ("gpu".into(), "y".into()));
}

#[test]
fn a_skipped_branch_is_skipped_whole() {
    let file =
        read("A := 1\nifeq ($(A),2)\nifdef X\nx:\n\tone\nelse\nx:\n\ttwo\nendif\ndefine d\nendif\nendef\nendif\ny:\n\tthree\n");
    assert_eq!((file.rules.len(), recipe(&file, "y").as_str()), (1, "three"));
    assert_eq!(file.errors, []);
}

#[test]
fn other_kinds_of_rules() {
    let file = read(
        "include common.mk $(DIR)/x.mk\n-include .env\n.ONESHELL:\n%.o: %.c\n\tcc $<\nall:: a\n\tone\nall:: b\n\ttwo\na.o b.o: %.o: %.c\n\tstatic\nprod: ENV = p\nprod: b\n\tdeploy $(ENV) $< $^\n.DEFAULT_GOAL := prod\nunset_in_rule: ; @echo hi\nC:/x: y\n",
    );
    assert_eq!(file.errors, []);
    assert_eq!(file.includes, [("common.mk".into(), 1), ("${DIR}/x.mk".into(), 1), (".env".into(), 2)]);
    assert!(file.oneshell);
    assert_eq!(file.default.as_deref(), Some("prod"));
    assert_eq!(recipe(&file, "all"), "one ; two");
    assert_eq!(recipe(&file, "prod"), "deploy p b b");
    let fixed = file.rules.iter().find(|rule| rule.targets == ["a.o", "b.o"]);
    assert_eq!(fixed.map(|rule| rule.prerequisites.join(" ")).as_deref(), Some("%.c"));
    assert_eq!(recipe(&file, "%.o"), "cc $<");
    assert_eq!(read("%.o: x\n.hidden: y\nfirst: z\nsecond:\n").default.as_deref(), Some("first"));
}

#[test]
fn prefixes_may_come_from_a_variable() {
    let file = read("Q = @\nx:\n\t$(Q)-run\n.RECIPEPREFIX = >\ny:\n> go\n");
    assert_eq!(file.rules[0].recipe[0].text, "run");
    assert!(file.rules[0].recipe[0].silent && file.rules[0].recipe[0].ignore_errors);
    assert_eq!(recipe(&file, "y"), "go");
}

#[test]
fn errors_cost_a_line() {
    let file = read("x:\n\tone\nwhat is this\nendif\nelse\ny:\n\ttwo\nifdef Z\ndefine never\n");
    assert_eq!((recipe(&file, "x"), recipe(&file, "y")), ("one".into(), "two".into()));
    assert_eq!(file.errors.len(), 5, "{:?}", file.errors);
}

#[test]
fn hostile_text_is_bounded() {
    let doubling: String = (0..60).map(|i| format!("A{i} = $(A{})$(A{})\n", i + 1, i + 1)).collect();
    let wide = format!("A := {}\nx:\n{}", "a".repeat(60_000), "\techo $(A)$(A)$(A)\n".repeat(5_000));
    for text in [
        format!("{doubling}x:\n\techo $(A0)\n"),
        wide,
        "A = $(A)\nx:\n\t$(A)\n".to_owned(),
        "A = $(B)\nB = $(A)\nx: $(A)\n\t$(call A,$(B))\n".to_owned(),
        "include Makefile\n".to_owned(),
        "$(".repeat(100_000),
        format!("x:\n\t{}", "$(".repeat(100_000)),
        format!("x:\n\t{}{}", "$(".repeat(100_000), ")".repeat(100_000)),
        "ifdef A\n".repeat(50_000),
        "define a\n".repeat(50_000),
        "x:\n\ta \\\n".repeat(50_000),
        "a:b\n".repeat(100_000),
        "\0:\0\n\t\0\n".repeat(1_000),
        format!("A := a\n{}", "A += $(A)\n".repeat(2_000)),
        "{".repeat(100_000),
        "\\\n".repeat(100_000),
    ] {
        let file = read(&text);
        assert!(file.errors.len() <= MAX_ERRORS);
        let all: usize = file.rules.iter().flat_map(|r| &r.recipe).map(|r| r.text.len()).sum();
        assert!(all < 20 << 20, "{all}");
    }
    assert_eq!(read("include Makefile\n").includes.len(), 1);
}

#[test]
fn what_only_a_run_takes_in() {
    let of = |text: &str| read(text).includes.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
    assert_eq!(of("include mk/*.mk\n-include $(wildcard a/*.mk b.mk) c.mk\n"), "mk/*.mk a/*.mk b.mk c.mk");
    assert_eq!(of("$(foreach t,a b,$(eval $(call rule,$(t))))\n$(info hi)\n"), "$(eval)");
    assert!(of("include $(wildcard $(DIR)/*.mk)\n").contains('$'));
}
