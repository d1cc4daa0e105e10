//! Holds the source to the import order of `docs/ARCHITECTURE.md`: every violation is listed with its file and line.
//!
//! `tokens` cuts a file into words, `scan` finds the paths it mentions, `rules` says which of them it may mention.
//! This file joins them over `src/`; `samples` shows that the checker does fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/samples.rs"]
mod samples;
#[path = "layers/scan.rs"]
mod scan;
#[path = "layers/tokens.rs"]
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

/// Checks one file; `path` is relative to `src/`.
fn violations(path: &str, text: &str) -> Vec<String> {
    let place = rules::Place::of(path);
    let found = scan::mentions(text, &place.module);
    rules::check(&place, &found).into_iter().map(|(line, message)| format!("src/{path}:{line}: {message}")).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_module_imports_from_its_own_row_and_above_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    assert!(files.iter().any(|file| file.ends_with("lib.rs")), "no source found in {}", root.display());

    let mut found = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        found.extend(violations(&relative, &fs::read_to_string(file).unwrap()));
    }
    assert!(found.is_empty(), "{} violation(s) of the import order:\n{}", found.len(), found.join("\n"));
}
