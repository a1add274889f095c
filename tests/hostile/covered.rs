//! Fifty-five inputs that have broken scanners of this kind, and where each is tried here.

/// An input, by the number that it has in our notes on other tools.
pub struct Covered {
    pub number: u8,
    pub what: &'static str,
    /// `scene::name` of `scenes.rs`, `file::test`, or a story of `fixtures/`. What is done to every seed alike is a test of
    /// `tests/hostile.rs`.
    pub by: &'static [&'static str],
}

const fn input(number: u8, what: &'static str, by: &'static [&'static str]) -> Covered {
    Covered { number, what, by }
}

const DAMAGE: &str = "tests/hostile.rs::damaged_files_cost_no_more_than_themselves";
const REGULAR: &str = "src/walk/tests.rs::only_plain_files_are_opened";

pub const COVERED: &[Covered] = &[
    input(
        1,
        "aliases that stand for a thousand million values",
        &["scene::yaml-aliases", "src/syntax/yaml.rs::an_alias_bomb_is_small_and_bounded"],
    ),
    input(2, "an anchor with tens of thousands of aliases", &["scene::yaml-aliases"]),
    input(3, "an anchor that holds itself", &["scene::yaml-aliases", DAMAGE]),
    input(4, "merge keys in chains and circles", &["scene::yaml-aliases"]),
    input(
        5,
        "flows and blocks nested thousands deep",
        &["scene::yaml-size-and-depth", "src/syntax/yaml.rs::depth_is_bounded_in_every_way"],
    ),
    input(6, "one flat list that fills the file", &["scene::yaml-size-and-depth", "src/syntax/yaml.rs::sizes_are_bounded"]),
    input(7, "a key that is a huge list", &["scene::yaml-size-and-depth"]),
    input(
        8,
        "a broken document among good ones",
        &["scene::yaml-size-and-depth", "src/syntax/yaml.rs::a_broken_document_costs_no_other"],
    ),
    input(9, "keys and anchors twice", &["scene::yaml-size-and-depth", DAMAGE]),
    input(10, "`on` as truth, octal, sixties, infinity", &["scene::yaml-words"]),
    input(11, "tags of other programs", &["scene::yaml-words", DAMAGE]),
    input(12, "marks, UTF-16, NUL, other line ends", &[DAMAGE, "src/walk/text.rs::what_editors_save_is_read"]),
    input(13, "templates in YAML", &["scene::templates-in-yaml", "src/syntax/yaml.rs::helm_templates_are_read_through_the_mask"]),
    input(14, "brackets without end, files of 100 MB", &["scene::yaml-size-and-depth", "scene::large-files"]),
    input(
        15,
        "notebooks with huge output, without cells, of old forms",
        &["scene::notebooks", "src/syntax/notebook.rs::hostile_notebooks_end"],
    ),
    input(16, "files cut off or with marks of a merge", &[DAMAGE, "broken-everything"]),
    input(17, "a link to a file outside", &["scene::links", REGULAR]),
    input(18, "a link to an endless device, a folder outside", &["scene::links", REGULAR]),
    input(19, "links in circles, to nothing, through links", &["scene::links", REGULAR]),
    input(20, "pipes, sockets, devices", &[REGULAR]),
    input(
        21,
        "folders deeper than a path can be long",
        &["scene::deep-and-wide-folders", "src/walk/tests.rs::bounds_are_kept_and_told"],
    ),
    input(22, "thousands of empty files in one folder", &["scene::deep-and-wide-folders"]),
    input(
        23,
        "names that act on terminals, logs and pages",
        &["scene::odd-names", "src/render/page.rs::nothing_of_the_repository_reaches_the_terminal_raw"],
    ),
    input(
        24,
        "names that are no text",
        &["scene::odd-names", "src/walk/tests.rs::names_that_are_no_text_are_listed_and_readable"],
    ),
    input(25, "names that differ in case or form alone", &["scene::odd-names"]),
    input(26, "names that Windows keeps for itself", &["scene::odd-names"]),
    input(27, "files and folders that may not be read", &["scene::links"]),
    input(
        28,
        "a file that grows or vanishes while it is read",
        &["src/walk/tests.rs::what_the_clone_lacks_is_listed_and_not_readable"],
    ),
    input(29, "holes of gigabytes, one line of megabytes", &["scene::large-files"]),
    input(
        30,
        "no text under the name of a text, pointers of LFS and annex",
        &["scene::no-text", "src/walk/tests.rs::what_is_no_text_is_told_apart"],
    ),
    input(
        31,
        "other repositories inside",
        &["scene::deep-and-wide-folders", "src/walk/tests.rs::other_repositories_are_not_entered"],
    ),
    input(
        32,
        "commands in the repository's configuration",
        &["scene::odd-history", "src/git/tests.rs::what_a_configuration_includes_is_not_opened"],
    ),
    input(33, "a repository that belongs to somebody else", &["src/git/tests.rs::traps_are_refused_before_they_are_opened"]),
    input(34, "trees with names that lead astray", &["src/walk/tests.rs::names_that_lead_astray_are_left_out"]),
    input(
        35,
        "`.git` files and stores that lead elsewhere",
        &["src/git/tests.rs::a_git_file_must_lead_to_a_folder_that_points_back", "scene::deep-and-wide-folders"],
    ),
    input(
        36,
        "clones that lack blobs or history",
        &[
            "src/walk/tests.rs::what_the_clone_lacks_is_listed_and_not_readable",
            "src/history.rs::a_parent_that_is_not_here_ends_the_history",
        ],
    ),
    input(
        37,
        "other formats of Git, sparse, unborn",
        &[
            "src/git/tests.rs::traps_are_refused_before_they_are_opened",
            "src/git/tests.rs::an_unborn_branch_is_a_notice",
            "src/walk/tests.rs::what_a_sparse_work_tree_lacks_is_read_from_the_store",
        ],
    ),
    input(
        38,
        "broken objects, trees that are bombs",
        &["src/git/objects.rs::broken_objects_are_answers", "src/git/tests.rs::a_bomb_of_trees_ends"],
    ),
    input(39, "merges of hundreds, dates of no calendar", &["scene::odd-history"]),
    input(40, "tens of thousands of tags", &["scene::many-refs"]),
    input(41, "attributes and ignore rules without end", &["scene::patterns-of-git"]),
    input(42, "patterns of rules that explode", &["src/rules/check/tests.rs::patterns_and_forms"]),
    input(
        43,
        "rules with unknown keys, circles, twice the same id",
        &[
            "src/rules/check/tests.rs::all_mistakes_come_at_once_and_hostile_files_cost_nothing",
            "src/rules/check/tests.rs::circles_over_several_practices_are_found",
        ],
    ),
    input(
        44,
        "settings in the repository that hide things",
        &[
            "src/settings/tests.rs::each_mistake_is_one_sentence_with_its_line",
            "tests/cli.rs::settings_change_what_they_say_and_stand_in_the_report",
        ],
    ),
    input(45, "a day that no calendar has", &["src/history.rs::a_day_is_written_in_one_way"]),
    input(46, "globs without end", &["scene::patterns-of-git", "src/settings/tests.rs::lists_are_bounded"]),
    input(47, "includes from the network and from archives", &["scene::includes-from-afar"]),
    input(48, "make in circles, thousands of targets, `eval`", &["scene::make-circles", "scene::make-many"]),
    input(
        49,
        "CI files in circles, matrices that explode",
        &[
            "scene::workflows-in-circles",
            "scene::workflows-many",
            "scene::matrix-explosion",
            "scene::gitlab-circles",
            "scene::gitlab-many",
            "scene::azure-circles",
            "scene::azure-many",
        ],
    ),
    input(50, "imports in circles, everything calls everything", &["scene::python-circles", "scene::python-many"]),
    input(51, "shell in shell in shell", &["scene::shell-nests", "src/syntax/shell/tests.rs::hostile_text_is_bounded"]),
    input(52, "a script that names itself, a path that leaves", &["scene::shell-nests", "scene::paths-that-leave"]),
    input(
        53,
        "words that act on terminals, logs, pages, tables",
        &[
            "src/render/markdown.rs::a_repository_cannot_write_markup",
            "src/render/github.rs::a_repository_cannot_write_a_command",
            "src/render/escape.rs::nothing_acts_on_the_terminal",
        ],
    ),
    input(
        54,
        "secrets in what is quoted",
        &[
            "src/report/redact.rs::values_of_secret_keys_are_hidden",
            "src/report/redact.rs::random_strings_and_addresses_are_hidden",
        ],
    ),
    input(55, "a report written through a link or into the tree", &["tests/cli.rs::a_report_is_written_whole_to_its_file"]),
];
