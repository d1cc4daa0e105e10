//! Which parts of an earlier import the rows without a number of their own stand for. Pure.

use std::collections::{HashMap, HashSet};

use super::model::{Placeholder, PlaceholderRule, RowProblem, SheetLine, excerpt};
use super::stock::Stock;

/// Numbers by placeholder (empty for a row without a number) and name.
pub(super) type Known = HashMap<(String, String), String>;

/// Finds each name behind a placeholder by its number's beginning, and each name that is numbered from the sequence among
/// the parent's children. Where several parts could be meant, it is a problem: guessing would merge two parts.
pub(super) fn recall(
    lines: &[SheetLine],
    placeholders: &[Placeholder],
    rule: PlaceholderRule,
    stock: &Stock,
) -> (Known, Vec<RowProblem>) {
    let open: HashSet<&str> = placeholders.iter().map(|placeholder| placeholder.number.as_str()).collect();
    let listed: HashSet<&str> =
        lines.iter().filter_map(|line| line.number.as_deref()).filter(|number| !open.contains(number)).collect();
    let mut drawn: Vec<Open<'_>> = Vec::new();
    let mut made: Vec<Open<'_>> = Vec::new();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for line in lines {
        let Some(name) = line.name.as_deref() else { continue };
        let placeholder = line.number.as_deref().unwrap_or_default();
        if (placeholder.is_empty() || open.contains(placeholder)) && seen.insert((placeholder, name)) {
            let entry = Open { row: line.row, placeholder, name };
            if placeholder.is_empty() || rule == PlaceholderRule::Sequence { &mut drawn } else { &mut made }
                .push(entry);
        }
    }
    let mut found = Found::default();
    for entry in made {
        found.by_placeholder(&entry, stock);
    }
    found.among_children(&drawn, &listed, stock);
    (found.known, found.problems)
}

/// A name that waits for a number, where it first occurs.
struct Open<'a> {
    row: usize,
    placeholder: &'a str,
    name: &'a str,
}

#[derive(Default)]
struct Found {
    known: Known,
    problems: Vec<RowProblem>,
}

impl Found {
    fn by_placeholder(&mut self, open: &Open<'_>, stock: &Stock) {
        let mut numbers = stock.made_from(open.placeholder, open.name);
        let children = stock.children.get(open.name);
        if let Some(children) = children.filter(|children| numbers.iter().any(|number| children.contains(number))) {
            numbers.retain(|number| children.contains(number));
        }
        match numbers.as_slice() {
            [] => {}
            [number] => self.know(open, number),
            several => self.doubt(open, several),
        }
    }

    /// Several rows of one name are several parts; they keep the order in which their lines were made.
    fn among_children(&mut self, open: &[Open<'_>], listed: &HashSet<&str>, stock: &Stock) {
        let mut by_name: HashMap<&str, Vec<&Open<'_>>> = HashMap::new();
        for entry in open {
            by_name.entry(entry.name).or_default().push(entry);
        }
        let spoken_for: HashSet<String> = self.known.values().cloned().collect();
        for (name, entries) in by_name {
            let children = stock.children.get(name).into_iter().flatten();
            let free = |number: &&String| !listed.contains(number.as_str()) && !spoken_for.contains(*number);
            let numbers: Vec<String> = children.filter(free).cloned().collect();
            if numbers.len() == entries.len() {
                entries.iter().zip(&numbers).for_each(|(entry, number)| self.know(entry, number));
            } else if !numbers.is_empty() {
                entries.iter().for_each(|entry| self.doubt(entry, &numbers));
            }
        }
    }

    fn know(&mut self, open: &Open<'_>, number: &str) {
        self.known.insert((open.placeholder.to_owned(), open.name.to_owned()), number.to_owned());
    }

    fn doubt(&mut self, open: &Open<'_>, numbers: &[String]) {
        let some = numbers.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if numbers.len() > 5 { ", …" } else { "" };
        let reason = format!(
            "{:?} can be any of the parts of that name that are there already ({some}{more}); give each row its number in the sheet",
            open.name
        );
        self.problems.push(RowProblem { row: open.row, column: None, value: excerpt(open.name), reason });
    }
}
