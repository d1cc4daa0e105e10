//! Writing results to standard output: text, tables, JSON. A closed pipe ends the command, quietly.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::error::{Error, Result};

/// Writes a text as it is.
pub fn text(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::internal("The result cannot be written").caused_by(error))
        }
        _ => Ok(()),
    }
}

pub fn line(line: impl AsRef<str>) -> Result<()> {
    text(&format!("{}\n", line.as_ref()))
}

/// Writes a value as indented JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let written = serde_json::to_string_pretty(value);
    line(written.map_err(|error| Error::internal("The result cannot be written as JSON").caused_by(error))?)
}

/// One line of JSON, for a program that reads them as they come.
pub fn json_line<T: Serialize>(value: &T) -> Result<()> {
    let written = serde_json::to_string(value);
    line(written.map_err(|error| Error::internal("The result cannot be written as JSON").caused_by(error))?)
}

/// Writes rows in columns, each as wide as its widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut written = String::new();
    let titles: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    for row in std::iter::once(&titles).chain(rows) {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        written.push_str(cells.join("  ").trim_end());
        written.push('\n');
    }
    text(&written)
}
