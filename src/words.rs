//! Every closed vocabulary: the words that facts, rules and reports share.
//!
//! The words are those of the published practice catalogue; adding one is a decision, not a convenience.
//! Every enum reads and writes its word in snake case (or the spelling given), so rule files and reports agree.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        // not every vocabulary is listed or read back
        #[allow(dead_code)]
        impl $name {
            /// Every word, in the order of the vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it is written in rules and reports.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The entry of that word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// What an effect does to data, a model or a service.
    Op {
        /// Data is pulled from outside.
        Ingest = "ingest",
        /// Data is compared with expectations.
        ValidateData = "validate-data",
        /// Features are computed or materialised.
        Features = "features",
        /// A model is fitted.
        Train = "train",
        /// Hyperparameters are searched.
        Tune = "tune",
        /// Quality of a model is computed.
        Evaluate = "evaluate",
        /// A check that can stop the path.
        Gate = "gate",
        /// A model is put into a registry.
        Register = "register",
        /// A stage, alias or approval of a model is moved.
        Promote = "promote",
        /// A package or image is built.
        Package = "package",
        /// Something is rolled out.
        Deploy = "deploy",
        /// Predictions are yielded.
        Serve = "serve",
        /// Live data, quality or service is measured.
        Monitor = "monitor",
        /// A measured result raises an alert.
        Alert = "alert",
        /// People are told.
        Notify = "notify",
        /// An earlier version is brought back.
        Rollback = "rollback",
    }
}

impl Op {
    /// Whether it is what one does because something failed.
    pub const fn follows_failure(self) -> bool {
        matches!(self, Self::Rollback | Self::Alert | Self::Notify)
    }
}

words! {
    /// Who or what starts a unit of automation.
    TriggerKind {
        /// Commits arrive on a branch.
        Push = "push",
        /// A pull request is opened or changed.
        Pr = "pr",
        /// A tag or a release.
        Tag = "tag",
        /// The clock.
        Schedule = "schedule",
        /// Data arrives.
        Data = "data",
        /// A model version or stage changes in a registry.
        Registry = "registry",
        /// A drift, quality or monitor event.
        Alert = "alert",
        /// Another pipeline finished or calls.
        Upstream = "upstream",
        /// A call from outside.
        Api = "api",
        /// A person.
        Manual = "manual",
    }
}

impl TriggerKind {
    /// What may run on a branch: everything but pull requests and tags.
    pub const ON_A_BRANCH: &[Self] =
        &[Self::Push, Self::Schedule, Self::Data, Self::Registry, Self::Alert, Self::Upstream, Self::Api, Self::Manual];

    /// Starts without a person, by itself (upstream and api depend on their own root).
    pub const fn is_unattended(self) -> bool {
        !matches!(self, Self::Manual | Self::Api | Self::Upstream)
    }

    /// Starts because the world changed, not because code did.
    pub const fn is_continuous(self) -> bool {
        matches!(self, Self::Schedule | Self::Data | Self::Registry | Self::Alert)
    }
}

words! {
    /// How sure an edge is; ordered from worst to best, so that the weakest link is the least.
    Strength {
        /// A literal reference that leads nowhere, or a step that certainly fails.
        Broken = "broken",
        /// The starter or target lives outside what was scanned.
        Assumed = "assumed",
        /// By name or convention.
        Inferred = "inferred",
        /// A literal reference, parsed.
        Resolved = "resolved",
    }
}

words! {
    /// What an edge of the automation graph says.
    EdgeKind {
        /// Trigger to unit, event to trigger.
        Starts = "starts",
        /// Unit to step or command.
        Contains = "contains",
        /// A unit or step to the next one.
        Precedes = "precedes",
        /// Command to target, script or file.
        Invokes = "invokes",
        /// Function to function.
        Calls = "calls",
        /// Module to module: runs its top level, no more.
        Imports = "imports",
        /// Code or command to a pipeline, job or file that is handed over for running elsewhere.
        Submits = "submits",
        /// Command to manifest.
        Applies = "applies",
        /// Step or function to the thing it makes.
        Writes = "writes",
        /// Thing to the step or function that takes it.
        Reads = "reads",
        /// Command to test code.
        Tests = "tests",
        /// Check to what it holds back.
        Gates = "gates",
    }
}

words! {
    /// What is said of a practice or a row.
    Verdict {
        /// Declared, and proven hop by hop.
        Met = "met",
        /// A dated statement by a person.
        Attested = "attested",
        /// Signals are there, the chain is incomplete or partly assumed; see [`Because`].
        Indicated = "indicated",
        /// Looked for and not found.
        NotShown = "not_shown",
        /// Could not be looked for; see [`Unknown`].
        Unknown = "unknown",
        /// Evidence against.
        Contradicted = "contradicted",
        /// No object here.
        NotApplicable = "n/a",
    }
}

words! {
    /// Why an indicated practice is not met; ordered from worst to best.
    Because {
        /// Cannot work at this commit, or its result is discarded.
        Broken = "broken",
        /// Written, but nothing runs it unattended or in CI.
        Idle = "idle",
        /// Works if something outside what was scanned does its part.
        Assumed = "assumed",
        /// Works in a weaker or partial form.
        Weak = "weak",
        /// Linked by name or convention.
        Inferred = "inferred",
    }
}

impl Because {
    /// Whether the thing does its work all the same.
    pub const fn works(self) -> bool {
        matches!(self, Self::Assumed | Self::Weak | Self::Inferred)
    }
}

words! {
    /// Why nothing can be said.
    Unknown {
        /// This version has no complete detector.
        NoDetector = "no_detector",
        /// A file that may show it was not read.
        NotRead = "not_read",
        /// History is needed and is not there.
        NoHistory = "no_history",
        /// Somebody asked that it is not looked for.
        SwitchedOff = "switched_off",
    }
}

words! {
    /// Why a file is there. Exactly one a file, the first that fits, in this order.
    Scope {
        /// Somebody else's code, copied in.
        Vendored = "vendored",
        /// Written by a machine.
        Generated = "generated",
        /// Describes repositories that it would create.
        Template = "template",
        /// Switched off by its name or folder.
        Disabled = "disabled",
        /// Test code.
        Test = "test",
        /// Prose.
        Docs = "docs",
        /// Shows how it would be done.
        Example = "example",
        /// Lies in a copy of another repository: evidence only of what a chain from here runs.
        Elsewhere = "elsewhere",
        /// Everything else: full weight.
        Source = "source",
    }
}

words! {
    /// What the scan is pointed at.
    SubjectKind {
        /// Generates or is copied into other repositories.
        Template = "template",
        /// Its own source is the thing that trains or serves for others.
        MlLibrary = "ml-library",
        /// Lessons or documentation.
        Teaching = "teaching",
        /// Only calls hosted models.
        HostedLlm = "hosted-llm",
        /// Two or more systems that share neither code nor model.
        MlCollection = "ml-collection",
        /// Trains or serves a model.
        MlSystem = "ml-system",
        /// Deployment or platform objects for things built elsewhere.
        Infra = "infra",
        /// No machine learning.
        NotMl = "not-ml",
    }
}

words! {
    /// Whether a repository can show a criterion at all.
    Observability {
        /// It can prove it, as a declaration.
        Direct = "direct",
        /// It can only indicate it.
        Partial = "partial",
        /// Only a person can state it.
        Attest = "attest",
        /// Nothing to observe (a note).
        None = "n/a",
    }
}

/// What a measurement (a signal with the operation `evaluate`) says of its rows, in the qualifier `rows`. It is worked
/// out, not set by a rule: `held_out` from the fit, `chose` (held out, and by which the fit was stopped), `fitted` (the very rows of the fit), `search` (inside what a search
/// tries out), `own` (the tool chooses them itself), `open` (cannot be told).
pub(crate) const ROWS: &[&str] = &["held_out", "chose", "fitted", "search", "own", "open"];
