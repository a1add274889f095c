//! The strongest chains hop by hop, what only looks automatic, and where the automation leaves the repository.

use super::phrases;
use crate::render::page::{Ink, Line, Page, width_of};
use crate::report::{
    Because, Cause, ChainHead, Deed, EdgeKind, Hop, Lookalike, OpenEnd, Report, Repository, Starter, Story, Strength, System,
    Unknown, When,
};

/// Stories told, unless the user wants all chains.
const STORIES: usize = 3;

/// Lines that each further story may count on.
const LEAST: usize = 3;

/// How much of a story is told, from all to little: rows of its way, and deeds besides.
const FORMS: [(usize, usize); 8] = [(9, 4), (8, 4), (7, 4), (6, 3), (5, 3), (4, 2), (3, 1), (2, 0)];

/// Sentences on what only looks automatic, unless the user wants all, and lines that they may take.
const LOOKALIKES: usize = 3;
const LOOKALIKE_LINES: usize = 4;

/// Characters of such a sentence that are told, and of what it quotes.
const SENTENCE: usize = 170;
const QUOTE: usize = 44;

/// Ends that lie open, unless the user wants all.
const ENDS: usize = 3;

/// Hops that a chain must share with one above, from the start, to be told from there on.
const SHARED: usize = 3;

/// A chain that was told, with the hops that were shown.
type Told<'r> = (&'r ChainHead, Vec<&'r Hop>);

/// The strongest chains: those of one start as one story, in about so many lines; in full, each hop by hop.
pub(super) fn strongest(page: &mut Page<'_>, system: &System, report: &Report, room: usize) {
    let repository = &report.repository;
    page.title("STRONGEST CHAINS");
    if system.chain_heads.is_empty() {
        return none(page, system, report);
    }
    let mut told: Vec<Told<'_>> = Vec::new();
    let mut stories = system.stories();
    if page.verbose() > 0 {
        for head in &system.chain_heads {
            let hops = shown(page, head);
            chain_head(page, head, &hops, &told, repository, usize::MAX);
            told.push((head, hops));
            if let Some(story) = stories.iter_mut().find(|story| std::ptr::eq(story.head, head)) {
                // what has a headline is told in full
                story.deeds.retain(|deed| !deed.headline);
                besides(page, story, usize::MAX, repository);
            }
        }
        return;
    }
    let mut left = room;
    for (number, story) in stories.iter().enumerate().take(STORIES) {
        let others = stories.len().min(STORIES) - number - 1;
        let one = fitting(page, story, &told, repository, left.saturating_sub(others * LEAST));
        left = left.saturating_sub(one.lines());
        page.append(&one);
        told.push((story.head, shown(page, story.head)));
    }
    if let Some(more) = stories.len().checked_sub(STORIES).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
    }
}

/// A story in the fullest form that fits, or else in the shortest.
fn fitting<'s>(page: &Page<'s>, story: &Story<'_>, told: &[Told<'_>], repository: &Repository, room: usize) -> Page<'s> {
    let hops = shown(page, story.head);
    let again = is_told(story.head, &hops, told);
    let mut one = page.trial();
    for (rows, deeds) in FORMS {
        one = page.trial();
        chain_head(&mut one, story.head, &hops, told, repository, rows);
        if !again {
            besides(&mut one, story, deeds, repository);
        }
        if one.lines() <= room {
            break;
        }
    }
    one
}

/// Whether a chain above does the same at the same place.
fn is_told(head: &ChainHead, hops: &[&Hop], told: &[Told<'_>]) -> bool {
    let end = |hops: &[&Hop]| hops.last().map(|hop| place(hop));
    told.iter().any(|(other, before)| end(before) == end(hops) && phrases::head_deed(other) == phrases::head_deed(head))
}

/// What the same run does besides: a line each, by when it is done.
fn besides(page: &mut Page<'_>, story: &Story<'_>, most: usize, repository: &Repository) {
    // what has a headline of its own, or moves a model on, before what only looks at it
    let mut shown: Vec<(usize, &Deed<'_>)> = story.deeds.iter().enumerate().collect();
    // and last what is read when the model is made already
    let late = |deed: &Deed<'_>| deed.when == When::After && deed.op < story.head.op;
    shown.sort_by_key(|(at, deed)| (late(deed), !deed.headline, phrases::deed_rank(deed.op), *at));
    let left = shown.len().saturating_sub(most);
    shown.truncate(most);
    shown.sort_by_key(|(at, _)| *at);
    let deeds = || shown.iter().map(|(_, deed)| *deed);
    // what is done on one line is told on one
    let mut rows: Vec<(&Deed<'_>, Vec<&str>)> = Vec::new();
    for deed in deeds() {
        let name = phrases::deed(deed.op);
        match rows.last_mut() {
            Some((last, names)) if last.when == deed.when && place(last.end) == place(deed.end) => names.push(name),
            _ => rows.push((deed, vec![name])),
        }
    }
    for (deed, names) in rows {
        let when = match deed.when {
            When::Before => "first",
            When::Beside => "also",
            When::After => "then",
        };
        let name = format!("{when:<6}{:<13}", names.join(", ")).replace(' ', "\u{a0}");
        let name = if names.len() > 1 { format!("{name}\u{a0} ") } else { name };
        let mut line = Line::of(Ink::Quiet, &name).place(&place(deed.end), phrases::hop_link(repository, deed.end));
        if let Some((ink, state)) = phrases::deed_state(deed, story.head) {
            line = line.add(ink, &format!(" ({})", state.replace(' ', "\u{a0}")));
        }
        // the words are worth no line of their own, for the deed says what is done
        let with = line.clone().plain("\u{a0} ").plain(&deed.end.what);
        page.wrap(4, 8, if 4 + with.width() <= page.width() { &with } else { &line });
    }
    if left > 0 && most > 0 {
        page.wrap(4, 4, &Line::of(Ink::Quiet, &format!("and {}: -v", phrases::count(left, "more effect", "more effects"))));
    }
}

/// Practices of whose chains the heads are taken.
const HEADED: &[&str] =
    &["training.automated", "training.continuous", "deploy.automated", "monitoring.data_drift", "loop.retrain"];

/// Why there is none: nothing leads there, or what may was not read.
fn none(page: &mut Page<'_>, system: &System, report: &Report) {
    let unknown = |id: &&&str| {
        let of = |p: &&crate::report::Practice| p.id == ***id && p.because == Some(Cause::Unknown(Unknown::NotRead));
        system.practices.iter().any(|p| of(&p))
    };
    let open: Vec<&str> = HEADED.iter().filter(unknown).copied().collect();
    let line = match report.coverage.undecided_by(open.iter().copied()) {
        Some((path, more)) => {
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Line::new().plain("none was read; ").place(path, None).plain(&more).plain(" may start one and is not read")
        }
        None if !open.is_empty() => Line::new().plain("none was found in what could be read"),
        None if system
            .open_ends
            .iter()
            .any(|end| phrases::repository_of(&end.outside).is_some() && !end.practices.is_empty()) =>
        {
            let itself = system.steps.iter().any(|s| matches!(s.starter, Starter::Itself | Starter::Outside));
            let who = if itself { "starts by itself" } else { "a person starts" };
            Line::new().plain(&format!("none that was followed to its end: what {who} leaves this repository, see below"))
        }
        None => Line::new().plain("none: nothing that starts by itself leads to training, release or monitoring"),
    };
    page.wrap(2, 4, &line);
}

/// The hops that a reader needs: that a job stands in its workflow, and a main block in its file, goes without saying; of a
/// file whose places fill half the page, so do the calls in between.
fn shown<'r>(page: &Page<'_>, head: &'r ChainHead) -> Vec<&'r Hop> {
    let hops = head.chain.0.as_slice();
    let obvious = |at: usize, hop: &Hop| {
        let near = hops.get(at + 1).is_some_and(|next| (&next.repository, &next.path) == (&hop.repository, &hop.path));
        let holds = hop.edge == EdgeKind::Contains;
        let calls = hop.edge == EdgeKind::Calls && 4 + width_of(&place(hop)) > page.width() / 2;
        at > 0 && near && (holds || calls) && hop.strength >= Strength::Resolved && hop.outside.is_none()
    };
    hops.iter().enumerate().filter(|(at, hop)| page.verbose() > 0 || !obvious(*at, hop)).map(|(_, hop)| hop).collect()
}

/// How far a chain goes the way of one told above.
struct Shared {
    /// Hops that need no second telling, from the start or from the second one.
    hops: usize,
    /// Whether the first hop differs.
    other_start: bool,
    /// What that one does in the end.
    deed: &'static str,
}

fn shared(hops: &[&Hop], told: &[Told<'_>]) -> Option<Shared> {
    let same = |from: usize, before: &[&Hop]| {
        let (here, there) = (hops.iter().skip(from), before.iter().skip(from));
        here.zip(there).take_while(|(a, b)| place(a) == place(b) && a.what == b.what).count()
    };
    let each = told.iter().flat_map(|(other, before)| {
        let (whole, rest) = (same(0, before), same(1, before));
        let deed = phrases::head_deed(other);
        [(whole, whole, false, deed), (rest, rest + 1, true, deed)]
    });
    let fits = each.filter(|(shared, ..)| *shared >= SHARED.min(hops.len().saturating_sub(1).max(2)));
    fits.max_by_key(|(shared, ..)| *shared).map(|(_, hops, other_start, deed)| Shared { hops, other_start, deed })
}

fn chain_head(page: &mut Page<'_>, head: &ChainHead, hops: &[&Hop], told: &[Told<'_>], repository: &Repository, most: usize) {
    let (ink, state) = phrases::completeness(head);
    let state = Line::of(ink, &state.replace(' ', "\u{a0}"));
    let name = Line::of(Ink::Strong, &format!("{:<11}", phrases::head_deed(head)).replace(' ', "\u{a0}"));
    // what else there is to say of a start stands beside its place
    let (what, why) = head.text.split_once(": ").unwrap_or((&head.text, ""));
    let short = page.verbose() == 0;
    let wide = name.width() + width_of(what) + state.width() + 4 > page.width();
    let what = &if short && wide { phrases::some_paths(what) } else { what.to_owned() };
    let line = name.clone().plain(what);
    if let Some(last) = hops.last().filter(|last| short && last.line > 0 && is_idle(head)) {
        // what never runs is told by its two ends
        let between = match hops.len() {
            1 => String::new(),
            all => format!(", {all}\u{a0}hops:\u{a0}-v"),
        };
        let first = hops.first().filter(|first| hops.len() > 1 && first.line > 0 && !what.contains(&first.path));
        let at = |first: &&Hop| line.clone().plain(" (").place(&place(first), phrases::hop_link(repository, first)).plain(")");
        let begins = first.map(at).filter(|at| at.width() + width_of(&between) + state.width() + 4 <= page.width());
        let with = begins.unwrap_or_else(|| line.clone()).add(Ink::Quiet, &between);
        let line = if with.width() + state.width() + 4 <= page.width() { with } else { line };
        page.edges(2, &line, &state);
        return one(page, &[*last], (None, None), 8, repository);
    }
    let link = |hop: &Hop| phrases::hop_link(repository, hop);
    // the same place is reached from another start: how is for -v
    let again = is_told(head, hops, told);
    if let Some(first) = hops.first().filter(|first| short && again && first.line > 0) {
        let also = name.clone().plain("also by ").plain(what);
        let at = Line::new().place(&place(first), link(first));
        let with = also.clone().plain(" (").join(at.clone()).plain(")");
        if with.width() + state.width() + 4 <= page.width() {
            return page.edges(2, &with, &state);
        }
        page.edges(2, &also, &state);
        return page.wrap(4, 4, &at);
    }
    if let Some(shared) = shared(hops, told).filter(|_| short) {
        let start = hops.first().filter(|_| shared.other_start);
        if let Some(first) = start.filter(|_| shared.hops >= hops.len()) {
            let also = name.plain("also by ").plain(what).plain(" (").place(&place(first), link(first)).plain(")");
            return page.edges(2, &also, &state);
        }
        let at = |first: &&Hop| line.clone().add(Ink::Quiet, " at ").place(&place(first), link(first));
        page.edges(2, &start.map_or_else(|| line.clone(), at), &state);
        let from = shared.hops.min(hops.len().saturating_sub(1));
        if let Some(last) = from.checked_sub(1).and_then(|at| hops.get(at)) {
            page.wrap(4, 6, &Line::of(Ink::Quiet, &format!("as {} above, up to ", shared.deed)).place(&place(last), link(last)));
        }
        return list(page, hops.get(from..).unwrap_or_default(), None, repository, most);
    }
    let starts = hops.first().filter(|first| short && hops.len() > 1 && first.what == head.text && first.outside.is_none());
    let Some(first) = starts else {
        page.edges(2, &line, &state);
        return list(page, hops, None, repository, most);
    };
    // where it starts stands beside what starts it, where there is room, and else below
    let begins = Line::new().place(&place(first), link(first));
    let known = why.is_empty() || told.iter().any(|(_, before)| before.first().is_some_and(|b| b.what == first.what));
    let with = line.clone().add(Ink::Quiet, " at ").join(begins.clone());
    if with.width() + state.width() + 4 <= page.width() {
        page.edges(2, &with, &state);
        if !known {
            page.wrap(4, 6, &Line::of(Ink::Quiet, why));
        }
    } else {
        page.edges(2, &line, &state);
        let at = Some(4 + begins.width() + 2).filter(|at| *at <= page.width() / 2).unwrap_or(8);
        page.pair(4, &begins, at, &Line::new().plain(if known { "" } else { why }));
    }
    list(page, hops.get(1..).unwrap_or_default(), Some(first), repository, most);
}

/// Whether nothing and nobody is known to start it.
fn is_idle(head: &ChainHead) -> bool {
    head.trigger.is_none() && head.because == Some(Because::Idle)
}

/// The rows of a way; `above` is the hop that the row above them tells.
fn list(page: &mut Page<'_>, hops: &[&Hop], above: Option<&Hop>, repository: &Repository, most: usize) {
    let runs = if page.verbose() == 0 { runs(page, hops) } else { hops.iter().map(|hop| vec![*hop]).collect() };
    let cut = runs.len() > most;
    // the trigger and the effect are what a reader looks for, and where it leaves; the middle of a long chain can wait
    let (first, last) = if cut { ((most - 1) / 2, runs.len() - most / 2) } else { (runs.len(), runs.len()) };
    let leaves = |run: &[&Hop]| run.iter().any(|hop| hop.outside.is_some());
    let mut keep: Vec<bool> =
        runs.iter().enumerate().map(|(number, run)| number < first || number >= last || leaves(run)).collect();
    // a single row is not worth the words that it is left out
    let alone: Vec<usize> = (0..keep.len())
        .filter(|n| {
            let is = |at: Option<usize>| at.and_then(|at| keep.get(at)).copied().unwrap_or(true);
            !is(Some(*n)) && is(n.checked_sub(1)) && is(Some(*n + 1))
        })
        .collect();
    for kept in alone {
        if let Some(keep) = keep.get_mut(kept) {
            *keep = true;
        }
    }
    let shown = |number: usize| keep.get(number).copied().unwrap_or(false);
    let at = column(page, 4, runs.iter().filter_map(|run| run.first()).map(|hop| place(hop)));
    let head = |number: Option<usize>| number.and_then(|number| runs.get(number)).and_then(|run| run.first()).copied();
    let mut hidden = 0;
    for (number, run) in runs.iter().enumerate() {
        if !shown(number) {
            hidden += run.len();
            continue;
        }
        if hidden > 0 {
            let told = format!("... {}: -v", phrases::count(hidden, "hop between", "hops between"));
            page.wrap(6, 6, &Line::of(Ink::Quiet, &told));
        }
        let before = match number.checked_sub(1) {
            None => above,
            before => head(before).filter(|_| hidden == 0),
        };
        one(page, run, (before, head(Some(number + 1))), at, repository);
        hidden = 0;
    }
}

/// Calls that follow each other in one file stand on one line, as long as they fit; what a chain ends at stands alone.
fn runs<'r>(page: &Page<'_>, hops: &[&'r Hop]) -> Vec<Vec<&'r Hop>> {
    let mut runs: Vec<Vec<&Hop>> = Vec::new();
    let inner = |hop: &Hop| hop.edge == EdgeKind::Calls && hop.line > 0 && hop.outside.is_none() && hop.op.is_none();
    for (at, hop) in hops.iter().enumerate() {
        let ends = at + 1 == hops.len();
        let room = page.width() / 2;
        match runs.last_mut() {
            Some(run)
                if !ends
                    && run.first().is_some_and(|first| {
                        inner(first) && inner(hop) && (&first.repository, &first.path) == (&hop.repository, &hop.path)
                    })
                    && run.iter().chain([hop]).map(|hop| width_of(&hop.what) + 8).sum::<usize>() <= room =>
            {
                run.push(hop);
            }
            _ => runs.push(vec![hop]),
        }
    }
    runs
}

/// The column where words begin beside places: after the widest place that leaves them about half the page. What stands
/// beside a wider place goes below it.
fn column(page: &Page<'_>, indent: usize, places: impl Iterator<Item = String>) -> usize {
    let most = page.width() * 11 / 20;
    let ends = places.map(|place| indent + width_of(&place) + 2);
    ends.filter(|end| *end <= most).max().unwrap_or(indent + 4)
}

/// What a hop says; a module by its name is not written out where the next place is its file.
fn told(page: &Page<'_>, hop: &Hop, next: Option<&Hop>) -> String {
    let module = next.map(|next| next.path.trim_end_matches(".py").replace('/', ".")).unwrap_or_default();
    let wide = page.verbose() == 0 && width_of(&hop.what) > page.width() / 2 && module.contains('.');
    if wide { hop.what.replacen(&module, "…", 1) } else { hop.what.clone() }
}

fn one(page: &mut Page<'_>, run: &[&Hop], around: (Option<&Hop>, Option<&Hop>), at: usize, repository: &Repository) {
    let Some((hop, others)) = run.split_first() else { return };
    let (before, next) = around;
    // a long command is told by how it begins
    let text = told(page, hop, next);
    let room = if 4 + width_of(&place(hop)) + 2 > at { page.width() - 10 } else { (page.width() - at) * 3 / 2 };
    let mut what = Line::new().plain(&if page.verbose() == 0 { phrases::cut(&text, room) } else { text });
    for other in others {
        let link = phrases::hop_link(repository, other);
        what = what.add(Ink::Quiet, ", then ").place(&format!(":{}", other.line), link).plain(" ").plain(&other.what);
    }
    let link = phrases::hop_link(repository, hop);
    // of a file whose name leaves no room beside it, the line is enough where the row above names the file
    let same = before.is_some_and(|before| (&before.repository, &before.path) == (&hop.repository, &hop.path));
    if same && hop.line > 0 && page.verbose() == 0 && 4 + width_of(&place(hop)) + 2 > at {
        page.pair(6, &Line::new().place(&format!(":{}", hop.line), link), 13, &what);
    } else {
        page.pair(4, &Line::new().place(&place(hop), link), at, &what);
    }
    if let Some(outside) = &hop.outside {
        let told = format!("... {outside} is not in this scan, so what it does cannot be said here");
        page.wrap(6, 10, &Line::of(Ink::Part, &told));
    }
}

pub(super) fn place(hop: &Hop) -> String {
    phrases::hop_place(hop)
}

/// What looks automatic and is not; the first of it where there is little room.
pub(super) fn lookalikes(page: &mut Page<'_>, system: &System, repository: &Repository, tight: bool) {
    if system.lookalikes.is_empty() {
        return;
    }
    page.title("LOOKS AUTOMATIC, IS NOT");
    // one sentence that is true of several places is said once
    let mut groups: Vec<(String, Vec<&Lookalike>)> = Vec::new();
    for lookalike in &system.lookalikes {
        let path = lookalike.evidence.first().and_then(|e| e.path.as_deref()).unwrap_or_default();
        let why = phrases::seen_from(&lookalike.why, path);
        let why = if page.verbose() > 0 { why } else { phrases::cut_clauses(&phrases::shorter_quotes(&why, QUOTE), SENTENCE) };
        match groups.iter_mut().find(|(told, _)| *told == why) {
            Some((_, all)) => all.push(lookalike),
            None => groups.push((why, vec![lookalike])),
        }
    }
    let most = if page.verbose() > 0 { usize::MAX } else { LOOKALIKES };
    let seen_at = |lookalike: &Lookalike| lookalike.evidence.iter().find_map(phrases::place).unwrap_or_default();
    let mut rows: Vec<(Line, Line)> = Vec::new();
    for (why, all) in groups.iter().take(most) {
        let Some((first, others)) = all.split_first() else { continue };
        let link = first.evidence.first().and_then(|e| super::link(repository, e));
        let mut line = Line::new().plain(why);
        let others: Vec<String> = others.iter().map(|l| seen_at(l)).filter(|place| *place != seen_at(first)).collect();
        if page.verbose() > 0 {
            for (number, place) in others.iter().enumerate() {
                line = line.add(Ink::Quiet, if number == 0 { "; also " } else { ", " }).place(place, None);
            }
        } else if !others.is_empty() {
            line = line.add(Ink::Quiet, &format!(" (and in {})", phrases::count(others.len(), "other place", "other places")));
        }
        rows.push((Line::new().place(&seen_at(first), link), line));
    }
    // columns where they save turning the page, running text where a long path would leave a narrow one
    let at = rows.iter().map(|(place, _)| 2 + place.width() + 2).max().unwrap_or(0);
    let fits = rows.iter().all(|(_, why)| at + why.width() <= page.width());
    let (mut shown, mut lines) = (0, 0);
    for (place, why) in rows {
        let mut row = page.trial();
        if fits {
            row.pair(2, &place, at, &why);
        } else {
            row.wrap(2, 4, &place.plain(": ").join(why));
        }
        lines += row.lines();
        if shown > 0 && page.verbose() == 0 && (tight || lines > LOOKALIKE_LINES) {
            break;
        }
        shown += 1;
        page.append(&row);
    }
    if let Some(more) = groups.len().checked_sub(shown).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
    }
}

/// Where the automation leaves the repository, beyond what the chains show, and how it can be followed.
pub(super) fn open_ends(page: &mut Page<'_>, system: &System, repository: &Repository) {
    let told = |outside: &str| {
        system.chain_heads.iter().flat_map(|head| &head.chain.0).any(|hop| hop.outside.as_deref() == Some(outside))
    };
    let full = page.verbose() > 0;
    // what no practice hangs on is of interest to few
    let ends: Vec<_> = system.open_ends.iter().filter(|end| full || !end.practices.is_empty()).collect();
    let mut copies: Vec<&str> = ends.iter().filter_map(|end| phrases::repository_of(&end.outside)).collect();
    copies.sort_unstable();
    copies.dedup();
    let shown: Vec<_> = ends.iter().filter(|end| full || !told(&end.outside)).collect();
    if shown.is_empty() && copies.is_empty() {
        return;
    }
    page.title("LEAVES THIS REPOSITORY");
    let most = if full { usize::MAX } else { ENDS };
    // of one repository, one line: what is named there, and where the first of it is
    let mut groups: Vec<(Option<&str>, Vec<&OpenEnd>)> = Vec::new();
    for end in shown {
        let of = phrases::repository_of(&end.outside).filter(|_| !full);
        match groups.iter_mut().find(|(name, _)| of.is_some() && *name == of) {
            Some((_, all)) => all.push(end),
            None => groups.push((of, vec![end])),
        }
    }
    for (_, all) in groups.iter().take(most) {
        let Some((end, others)) = all.split_first() else { continue };
        let mut line = Line::of(Ink::Strong, &end.outside);
        if let Some((evidence, place)) = end.evidence.iter().find_map(|e| phrases::place(e).map(|p| (e, p))) {
            line = line.plain(" (").place(&place, super::link(repository, evidence)).plain(")");
        }
        if !others.is_empty() {
            line =
                line.add(Ink::Quiet, &format!(" and {} more files of it", others.len()).replace("1 more files", "1 more file"));
        }
        // what can be followed says what is missing by how it can be
        let why = if phrases::repository_of(&end.outside).is_some() { String::new() } else { format!(": {}", end.why) };
        page.wrap(2, 4, &line.plain(&why));
    }
    if let Some(more) = groups.len().checked_sub(most).filter(|n| *n > 0) {
        page.wrap(2, 2, &Line::of(Ink::Quiet, &format!("and {more} more: -v")));
    }
    if !copies.is_empty() {
        let with: Vec<String> = copies.iter().take(most).map(|name| format!("--with\u{a0}{name}=COPY")).collect();
        let line =
            Line::of(Ink::Quiet, "to follow: ").plain("treering scan ").plain(page.asked()).plain(" ").plain(&with.join(" "));
        page.wrap(2, 4, &line);
    }
}
