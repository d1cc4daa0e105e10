//! Numbers that stand for several names, as `OTS` for everything bought: finding them, and giving each name its own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::model::{Limits, Placeholder, PlaceholderRule, RowProblem, SheetLine, excerpt};
use super::slug::{cut, slug};

/// How many numbers of one series are tried before giving up.
const MOST_TRIES: usize = 100_000;

/// Lines with their final numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Numbered {
    pub lines: Vec<SheetLine>,
    pub problems: Vec<RowProblem>,
}

/// The numbers that are used with two or more names, in the order of the sheet.
pub(super) fn find_placeholders(lines: &[SheetLine]) -> Vec<Placeholder> {
    let mut order: Vec<&str> = Vec::new();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let mut found: HashMap<&str, (Vec<String>, Vec<usize>)> = HashMap::new();
    for line in lines {
        let Some(number) = line.original_number.as_deref() else { continue };
        let (names, rows) = found.entry(number).or_insert_with(|| {
            order.push(number);
            Default::default()
        });
        rows.push(line.row);
        rows.extend(&line.summed_rows);
        if let Some(name) = line.name.as_deref()
            && seen.insert((number, name))
        {
            names.push(name.to_owned());
        }
    }
    let mut placeholders = Vec::new();
    for number in order {
        if let Some((names, rows)) = found.remove(number).filter(|(names, _)| names.len() > 1) {
            placeholders.push(Placeholder { number: number.to_owned(), names, rows });
        }
    }
    placeholders
}

/// Gives each name behind a placeholder its own number.
///
/// `taken` tells whether a number is in use outside the sheet. `known_by_name` finds the number an earlier import gave to
/// a name behind a placeholder, so that the same sheet yields the same numbers again; for a row without a number it is
/// asked with an empty prefix. Lines that stay without a number are to be numbered from the type's sequence, one number
/// per `original_number` and `name`.
///
/// Lines with a problem keep the number of the sheet.
pub fn assign_numbers(
    lines: Vec<SheetLine>,
    rule: PlaceholderRule,
    limits: &Limits,
    taken: &dyn Fn(&str) -> bool,
    known_by_name: &dyn Fn(&str, &str) -> Option<String>,
) -> Numbered {
    let placeholders = find_placeholders(&lines);
    if rule == PlaceholderRule::Refuse && !placeholders.is_empty() {
        return Numbered { lines, problems: placeholders.iter().map(refusal).collect() };
    }
    let numbers: HashSet<String> = placeholders.into_iter().map(|placeholder| placeholder.number).collect();
    let used = lines.iter().filter_map(|line| line.original_number.clone());
    let mut assigner = Assigner {
        rule,
        limits,
        taken,
        used: used.filter(|number| !numbers.contains(number)).collect(),
        placeholders: numbers,
        given: HashMap::new(),
        next: HashMap::new(),
        problems: BTreeMap::new(),
    };
    assigner.recall(&lines, known_by_name);
    let lines = lines.into_iter().map(|line| assigner.number(line)).collect();
    Numbered { lines, problems: assigner.problems.into_values().collect() }
}

fn refusal(placeholder: &Placeholder) -> RowProblem {
    let Placeholder { number, names, rows } = placeholder;
    let example = names.first().map(|name| slug(name)).unwrap_or_default();
    let reason = format!(
        "{number:?} stands for {} names in {} rows, so it is no part number. Choose placeholders=suffix ({number}-001, {number}-002 …), \
         placeholders=name ({number}-{example} …) or placeholders=sequence (numbers of the part type), or give each part its own number in the sheet",
        names.len(),
        rows.len()
    );
    problem(rows.first().copied().unwrap_or_default(), number, reason)
}

fn problem(row: usize, value: &str, reason: String) -> RowProblem {
    RowProblem { row, column: None, value: excerpt(value), reason }
}

/// The number in the sheet, if any, and the name: what gets one number.
type Part = (Option<String>, String);

struct Assigner<'a> {
    rule: PlaceholderRule,
    limits: &'a Limits,
    taken: &'a dyn Fn(&str) -> bool,
    placeholders: HashSet<String>,
    /// Numbers that are not free any more: those of the sheet and those given.
    used: HashSet<String>,
    /// `None` waits for the sequence.
    given: HashMap<Part, Option<String>>,
    /// What to try next, per series of numbers: the suffix of a placeholder, the copy of a number out of a name.
    next: HashMap<String, usize>,
    /// At most one per row.
    problems: BTreeMap<usize, RowProblem>,
}

impl Assigner<'_> {
    fn is_open(&self, line: &SheetLine) -> bool {
        line.original_number.as_ref().is_none_or(|number| self.placeholders.contains(number))
    }

    /// Takes over the numbers of an earlier import, before any new number could collide with them.
    fn recall(&mut self, lines: &[SheetLine], known_by_name: &dyn Fn(&str, &str) -> Option<String>) {
        for line in lines.iter().filter(|line| self.is_open(line)).collect::<Vec<_>>() {
            let Some(name) = &line.name else { continue };
            let part = (line.original_number.clone(), name.clone());
            if self.given.contains_key(&part) {
                continue;
            }
            let Some(number) = known_by_name(line.original_number.as_deref().unwrap_or_default(), name) else {
                continue;
            };
            if self.used.insert(number.clone()) {
                self.given.insert(part, Some(number));
            } else {
                let reason = format!("{name:?} is already known as {number}, which the sheet lists as well");
                self.problems.insert(line.row, problem(line.row, name, reason));
            }
        }
    }

    fn number(&mut self, mut line: SheetLine) -> SheetLine {
        if !self.is_open(&line) || self.problems.contains_key(&line.row) {
            return line;
        }
        match self.number_for(&line) {
            Ok(number) => line.number = number,
            Err(reason) => {
                let value = line.original_number.as_deref().unwrap_or_default();
                self.problems.insert(line.row, problem(line.row, value, reason));
            }
        }
        line
    }

    fn number_for(&mut self, line: &SheetLine) -> Result<Option<String>, String> {
        let Some(name) = line.name.clone() else {
            let number = line.original_number.as_deref().unwrap_or_default();
            return Err(format!("{number:?} stands for several names, and this row has none"));
        };
        let part = (line.original_number.clone(), name);
        if let Some(number) = self.given.get(&part) {
            return Ok(number.clone());
        }
        let number = match (&part.0, self.rule) {
            (None, _) | (_, PlaceholderRule::Refuse | PlaceholderRule::Sequence) => None,
            (Some(prefix), PlaceholderRule::Suffix) => Some(self.suffixed(prefix)?),
            (Some(prefix), PlaceholderRule::Name) => Some(self.named(prefix, &part.1)?),
        };
        self.used.extend(number.clone());
        self.given.insert(part, number.clone());
        Ok(number)
    }

    fn is_free(&self, number: &str) -> bool {
        !self.used.contains(number) && !self.placeholders.contains(number) && !(self.taken)(number)
    }

    fn suffixed(&mut self, prefix: &str) -> Result<String, String> {
        self.first_free(prefix.to_owned(), |limit, suffix| {
            let number = format!("{prefix}-{suffix:03}");
            if number.chars().count() > limit {
                return Err(format!("{number:?} is longer than the {limit} characters of a number"));
            }
            Ok(number)
        })?
        .ok_or_else(|| format!("No number that begins with {prefix:?} is free"))
    }

    fn named(&mut self, prefix: &str, name: &str) -> Result<String, String> {
        let slug = slug(name);
        if slug.is_empty() {
            return Err(format!("{name:?} has no letter or digit to make a number from"));
        }
        let room = self.limits.number.saturating_sub(prefix.chars().count() + 1);
        // Names that are cut to the same text try the same numbers.
        self.first_free(format!("{prefix}-{}", cut(&slug, room)), |limit, copy| {
            let tail = if copy == 1 { String::new() } else { format!("-{copy}") };
            let body = cut(&slug, room.saturating_sub(tail.len()));
            if body.is_empty() {
                return Err(format!("{prefix:?} leaves no room for a name in the {limit} characters of a number"));
            }
            Ok(format!("{prefix}-{body}{tail}"))
        })?
        .ok_or_else(|| format!("No number that begins with {prefix:?} is free for {name:?}"))
    }

    /// The first free number of a series, which goes on where it ended before: no number is tried twice in a sheet.
    fn first_free(
        &mut self,
        series: String,
        number: impl Fn(usize, usize) -> Result<String, String>,
    ) -> Result<Option<String>, String> {
        let mut next = self.next.get(&series).copied().unwrap_or(1);
        let mut found = Ok(None);
        while next <= MOST_TRIES && matches!(found, Ok(None)) {
            found = number(self.limits.number, next).map(|number| self.is_free(&number).then_some(number));
            next += usize::from(found.is_ok());
        }
        self.next.insert(series, next);
        found
    }
}

#[cfg(test)]
#[path = "placeholder_tests.rs"]
mod tests;
