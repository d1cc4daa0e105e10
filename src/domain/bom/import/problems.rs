//! What is wrong with the rows of a sheet, as a bounded list.

use std::collections::{BTreeMap, HashSet};

use super::model::{RowProblem, UsedColumn, excerpt};

/// Problems, of which a bounded number is kept in full.
#[derive(Debug, Default)]
pub(super) struct Problems {
    listed: Vec<RowProblem>,
    unlisted: usize,
    rows: HashSet<usize>,
}

impl Problems {
    const MOST: usize = 1_000;

    /// Goes on from what an earlier step has found.
    pub fn after(listed: Vec<RowProblem>, unlisted: usize) -> Self {
        let rows = listed.iter().map(|problem| problem.row).collect();
        Self { listed, unlisted, rows }
    }

    pub fn add(&mut self, row: usize, column: Option<String>, value: &str, reason: String) {
        self.push(RowProblem { row, column, value: excerpt(value), reason });
    }

    pub fn push(&mut self, problem: RowProblem) {
        self.rows.insert(problem.row);
        if self.listed.len() < Self::MOST {
            self.listed.push(problem);
        } else {
            self.unlisted += 1;
        }
    }

    pub fn count(&self) -> usize {
        self.listed.len() + self.unlisted
    }

    /// Whether something is wrong with a row, listed or not.
    pub fn concern(&self, row: usize) -> bool {
        self.rows.contains(&row)
    }

    /// The listed problems in the order of the sheet, and how many there are beyond them.
    pub fn sorted(mut self) -> (Vec<RowProblem>, usize) {
        self.listed.sort_by_key(|problem| problem.row);
        (self.listed, self.unlisted)
    }
}

/// Problems that are found by property and told by column.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    headers: BTreeMap<&'a str, &'a str>,
    pub problems: Problems,
}

impl<'a> Findings<'a> {
    pub fn new(columns: &'a [UsedColumn], problems: Problems) -> Self {
        let header = |column: &'a UsedColumn| {
            (column.field.strip_prefix("property.").unwrap_or(&column.field), column.column.as_str())
        };
        Self { headers: columns.iter().map(header).collect(), problems }
    }

    pub fn add(&mut self, row: usize, property: &str, value: &str, reason: String) {
        let column = self.headers.get(property).map(|header| (*header).to_owned());
        self.problems.add(row, column, value, reason);
    }
}
