//! What each place in `src/` may mention: the rows, the line of product areas, and who may use which outside crate.
//! The tables here and in `docs/ARCHITECTURE.md` change together.

use crate::scan::Mention;

/// Modules of the crate's root by row; a module may use its own row and those above.
const ROWS: [&[&str]; 8] = [
    &["types", "error"],
    &["config", "entity"],
    &["db", "storage", "outbound", "telemetry", "preview"],
    &["tenancy", "jobs", "plugins", "integrations", "context"],
    &["domain"],
    &["app"],
    &["api", "web", "worker"],
    &["cli", "main"],
];

/// The product areas from left to right; an area may use those to its left. Areas of one step do not see each other.
const LINE: [&[&str]; 17] = [
    &["audit"],
    &["quota"],
    &["identity"],
    &["revision"],
    &["permission"],
    &["lifecycle"],
    &["meta"],
    &["version"],
    &["file"],
    &["bom"],
    &["baseline"],
    &["eco"],
    &["product"],
    &["search", "jobs"],
    &["plugin", "webhook"],
    &["backup"],
    &["sample"],
];

/// What the tests of all areas share. Being compiled for tests only, it can stand on both sides of the line.
const TESTING: &str = "testing";

/// Outside crates that only some modules may use. Product areas are listed as `domain repo`: inside `repo` only.
const OUTSIDE: [(&str, &[&str]); 10] = [
    ("sea_orm", &["entity", "db", "tenancy", "jobs", "plugins", "context", "domain repo"]),
    ("sea_orm_migration", &["db", "tenancy"]),
    ("opendal", &["storage"]),
    ("opendal_http_transport_reqwest", &["storage", "main"]),
    ("reqsign_aws_v4", &["storage"]),
    ("reqsign_core", &["storage"]),
    ("reqwest", &["outbound", "storage"]),
    ("poem", &["api", "web"]),
    ("poem_openapi", &["api", "web"]),
    ("clap", &["cli", "main"]),
];

/// Types that tell SQLite from PostgreSQL.
const BACKEND_TYPES: [&str; 2] = ["DbBackend", "DatabaseBackend"];

/// Where a file stands.
pub struct Place {
    /// Its module path without `crate`.
    pub module: Vec<String>,
    file: String,
}

impl Place {
    /// `file` is relative to `src/`, with forward slashes.
    pub fn of(file: &str) -> Self {
        let mut module: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        Self { module, file: file.to_owned() }
    }

    fn root(&self) -> Option<&str> {
        self.module.first().map(String::as_str)
    }

    fn area(&self) -> Option<&str> {
        area(&self.module)
    }

    /// The whole file is compiled for tests only, which its own text does not tell.
    fn is_for_tests(&self) -> bool {
        self.file.ends_with("_tests.rs") || self.area() == Some(TESTING)
    }

    fn in_repo(&self) -> bool {
        self.module.iter().skip(2).any(|part| part == "repo")
    }
}

/// The lines that break a rule, each with what it breaks.
pub fn check(place: &Place, mentions: &[Mention]) -> Vec<(usize, String)> {
    let mut found = unplaced(place);
    for mention in mentions {
        let mention = &Mention { test_only: mention.test_only || place.is_for_tests(), ..mention.clone() };
        let broken = match mention.path.first().map(String::as_str) {
            Some("crate") => inside(place, &mention.path[1..]),
            Some("std") => environment(place, mention),
            Some(_) => outside(place, mention),
            None => None,
        };
        let broken = broken.or_else(|| backend(place, mention));
        found.extend(broken.map(|message| (mention.line, message)));
    }
    found
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn step(area: &str) -> Option<usize> {
    LINE.iter().position(|step| step.contains(&area))
}

fn area(module: &[String]) -> Option<&str> {
    match module {
        [root, area, ..] if root == "domain" => Some(area),
        _ => None,
    }
}

/// A module or an area that no table knows cannot be checked, so it is a violation itself.
fn unplaced(place: &Place) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if let Some(root) = place.root().filter(|root| row(root).is_none()) {
        found.push((1, format!("module `{root}` has no row; give it one here and in docs/ARCHITECTURE.md")));
    }
    if let Some(area) = place.area().filter(|area| step(area).is_none() && *area != TESTING) {
        found.push((
            1,
            format!("product area `{area}` has no place in the line; give it one here and in docs/ARCHITECTURE.md"),
        ));
    }
    found
}

/// A path inside the crate, without `crate`.
fn inside(place: &Place, target: &[String]) -> Option<String> {
    let from = place.root()?;
    let to = target.first()?.as_str();
    let (own, other) = (row(from)?, row(to)?);
    if other > own {
        return Some(format!("`{from}` (row {own}) uses `{to}` (row {other})"));
    }
    if to == "entity" && matches!(from, "api" | "web" | "worker" | "cli" | "main") {
        return Some(format!("`{from}` uses `entity`: entities do not leave their area"));
    }
    let target_area = area(target)?;
    if place.area() == Some(target_area) || target_area == TESTING {
        return None;
    }
    if target.iter().skip(2).any(|part| part == "repo") {
        return Some(format!("reaches into the repo of `domain::{target_area}`"));
    }
    let (own, other) = (place.area().filter(|area| *area != TESTING)?, step(target_area)?);
    (other >= step(own)?).then(|| format!("`domain::{own}` uses `domain::{target_area}`, which is not to its left"))
}

fn outside(place: &Place, mention: &Mention) -> Option<String> {
    let name = mention.path.first()?;
    let (name, allowed) = OUTSIDE.iter().find(|(outside, _)| outside == name)?;
    let from = place.root()?;
    let permitted =
        allowed.contains(&from) || (from == "domain" && place.in_repo() && allowed.contains(&"domain repo"));
    (!permitted && !mention.test_only).then(|| format!("`{name}` is used only in {}", allowed.join(", ")))
}

fn environment(place: &Place, mention: &Mention) -> Option<String> {
    let reads = mention.path.get(1).is_some_and(|module| module == "env");
    let permitted = matches!(place.root(), Some("config" | "cli" | "main"));
    (reads && !permitted && !mention.test_only).then(|| "`std::env` is used only in config, cli, main".to_owned())
}

/// `db` may name the type, as implementing a connection needs; a variant, with which code branches, is for the dialect.
fn backend(place: &Place, mention: &Mention) -> Option<String> {
    let at = mention.path.iter().position(|part| BACKEND_TYPES.contains(&part.as_str()))?;
    let whole_type = at + 1 == mention.path.len();
    let permitted = ["db/dialect.rs", "db/fulltext.rs"].contains(&place.file.as_str())
        || mention.test_only
        || (whole_type && place.root() == Some("db"));
    let name = mention.path[at..].join("::");
    (!permitted).then(|| {
        format!("`{name}` is used only in db/dialect.rs and db/fulltext.rs: nothing else branches on the database")
    })
}
