//! From rows to lines, with every reason why a row is none.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::cell::{check_identity, check_number, check_text};
use super::columns::Columns;
use super::duplicates::settle_duplicates;
use super::field::Field;
use super::model::{
    DecimalStyle, MissingNumbers, ParsedSheet, SheetLine, SheetOptions, SkipReason, SkippedRow, Structure, excerpt,
};
use super::number::{Mark, Reading, exact_json, read_number, same_currency};
use super::placeholder::find_placeholders;
use super::problems::Problems;
use super::row_kind::{RowKind, kind_of};
use super::sheet::{self, Row, Sheet};
use super::structure::{Parents, Place, Placer};
use crate::error::{Error, Result};
use crate::types::Quantity;

/// Reads a sheet, a text or a workbook. Fails only if the file as a whole cannot be read: no text, no header, a mapping that does not fit, too
/// large. Whatever is wrong with a row is in `problems`.
///
/// Numbers are as the sheet has them; [`super::assign_numbers`] replaces the placeholders.
pub fn parse_sheet(bytes: &[u8], options: &SheetOptions) -> Result<ParsedSheet> {
    let sheet = sheet::read(bytes, options)?;
    let header: Vec<String> = (0..sheet.header.width()).map(|column| sheet.header.cell(column)).collect();
    let columns = options.columns.resolve(&header)?;
    let placer = Placer::new(&sheet, &columns, options.structure, options.root.as_deref());
    let placer = placer.map_err(|reason| Error::invalid_field("value_error", &["body", "structure"], reason))?;
    let structure = placer.structure();
    let mut reader = LineReader::new(&sheet, &columns, options, placer);
    for row in &sheet.above {
        reader.skip(row, SkipReason::AboveHeader);
    }
    for row in &sheet.rows {
        reader.read(row);
    }
    reader.settle_parents();
    let LineReader { root, lines, skipped, mut problems, .. } = reader;
    if let Some(root) = &root
        && root.number.is_none()
    {
        let reason = "The part that the sheet is imported into needs a number".to_owned();
        problems.add(root.row, columns.label(&Field::Number), "", reason);
    }
    let placeholders = find_placeholders(&lines);
    let lines = settle_duplicates(lines, options, &mut problems);
    let (problems, unlisted_problems) = problems.sorted();
    let columns = columns.used();
    Ok(ParsedSheet { header, columns, structure, root, lines, skipped, problems, unlisted_problems, placeholders })
}

struct LineReader<'a> {
    header: &'a Row,
    columns: &'a Columns,
    options: &'a SheetOptions,
    /// The first row that certainly writes a decimal comma.
    comma_row: Option<usize>,
    /// The first currency and its row; another one would be added up with it.
    currency: Option<(String, usize)>,
    placer: Placer<'a>,
    parents: Parents,
    root: Option<SheetLine>,
    lines: Vec<SheetLine>,
    skipped: Vec<SkippedRow>,
    problems: Problems,
}

impl<'a> LineReader<'a> {
    fn new(sheet: &'a Sheet, columns: &'a Columns, options: &'a SheetOptions, placer: Placer<'a>) -> Self {
        Self {
            header: &sheet.header,
            columns,
            options,
            comma_row: comma_row(sheet, columns, options.decimal),
            currency: None,
            placer,
            parents: Parents::default(),
            root: None,
            lines: Vec::new(),
            skipped: Vec::new(),
            problems: Problems::default(),
        }
    }

    fn skip(&mut self, row: &Row, reason: SkipReason) {
        self.skipped.push(SkippedRow { row: row.row, reason, text: excerpt(&row.text()) });
    }

    fn read(&mut self, row: &Row) {
        match kind_of(row, self.header, self.columns) {
            RowKind::Skipped(reason) => self.skip(row, reason),
            RowKind::NamelessLine => {
                self.problems.add(
                    row.row,
                    None,
                    &row.text(),
                    "Has a quantity, but neither a number nor a name".to_owned(),
                );
            }
            RowKind::Line => self.place(row),
        }
    }

    fn place(&mut self, row: &Row) {
        let before = self.problems.count();
        let (level, parent_row, is_root) = match self.placer.place(row) {
            Ok(Place::Root) => (0, None, true),
            Ok(Place::Below(level, parent)) => (level, parent, false),
            Ok(Place::Of(parent)) => {
                self.parents.want(row.row, parent);
                (1, None, false)
            }
            Err(reason) => {
                let (field, value) = (self.placer.field(), self.placer.value(row));
                self.problem(row, &field, &value, reason);
                (1, None, false)
            }
        };
        if let Some((number, _)) = self.columns.get(&Field::Number).map(|column| row.text_cell(column)) {
            let name = self.columns.get(&Field::Name).map(|column| row.text_cell(column).0).unwrap_or_default();
            self.parents.know(row.row, &number, &name);
        }
        let line = self.line(row, is_root);
        if self.problems.count() > before {
            return;
        }
        let line = line.map(|line| SheetLine { level, parent_row, ..line });
        if is_root { self.root = line } else { self.lines.extend(line) }
    }

    /// Rows that name their parents get them when all are read.
    fn settle_parents(&mut self) {
        if self.placer.structure() != Structure::Parent {
            return;
        }
        let top = self.root.as_ref().and_then(|root| root.number.clone());
        let root = self.options.root.clone().or(top);
        for (row, parent, reason) in std::mem::take(&mut self.parents).settle(&mut self.lines, root.as_deref()) {
            self.problems.add(row, self.columns.label(&Field::Parent), &parent, reason);
        }
        let problems = &self.problems;
        self.lines.retain(|line| !problems.concern(line.row));
    }

    /// `None` without a quantity, which the root needs none of. A line for whose row problems were added is of no use.
    fn line(&mut self, row: &Row, is_root: bool) -> Option<SheetLine> {
        self.check_width(row);
        let limits = &self.options.limits;
        let number = self.text(row, &Field::Number, |text, literal| check_number(text, limits.number, literal));
        let name = self.text(row, &Field::Name, |text, literal| check_identity(text, limits.name, literal));
        if number.is_none() && self.options.missing_numbers == MissingNumbers::Refuse {
            self.problem(row, &Field::Number, "", "The number is missing".to_owned());
        }
        let quantity = if is_root { Quantity::positive(Decimal::ONE).ok() } else { self.quantity(row) };
        let plain = |text: &str, _| check_text(text, usize::MAX);
        let uom = self.text(row, &Field::Uom, plain).map(|text| text.to_uppercase());
        let find_num = self.text(row, &Field::FindNum, plain);
        let refdes = self.text(row, &Field::Refdes, plain);
        let (properties, line_properties) = self.properties(row);
        Some(SheetLine {
            row: row.row,
            level: 1,
            parent_row: None,
            summed_rows: Vec::new(),
            original_number: number.clone(),
            number,
            name,
            quantity: quantity?,
            uom,
            find_num,
            refdes,
            properties,
            line_properties,
        })
    }

    /// A cell too many shifts the others, as an unquoted `1,5` does.
    fn check_width(&mut self, row: &Row) {
        let width = self.columns.width();
        if let Some((column, text)) = row.filled().find(|(column, _)| *column >= width) {
            let reason = format!(
                "The header has {width} columns, this row has a cell in column {}; a cell that holds the delimiter must stand in quotation marks",
                column + 1
            );
            self.problems.add(row.row, None, &text, reason);
        }
    }

    fn problem(&mut self, row: &Row, field: &Field, value: &str, reason: String) {
        self.problems.add(row.row, self.columns.label(field), value, reason);
    }

    fn text(&mut self, row: &Row, field: &Field, check: impl Fn(&str, bool) -> Result<(), String>) -> Option<String> {
        let (text, is_literal) = row.text_cell(self.columns.get(field)?);
        if text.is_empty() {
            return None;
        }
        match check(&text, is_literal) {
            Ok(()) => Some(text),
            Err(reason) => {
                self.problem(row, field, &text, reason);
                None
            }
        }
    }

    fn quantity(&mut self, row: &Row) -> Option<Quantity> {
        let field = Field::Quantity;
        let column = self.columns.get(&field)?;
        let text = row.cell(column);
        let read = if text.is_empty() {
            Err("The quantity is missing; if the row is no part, remove it from the sheet".to_owned())
        } else {
            self.plain_number(&text, "quantity", row.is_number(column)).and_then(Quantity::positive)
        };
        read.map_err(|reason| self.problem(row, &field, &text, reason)).ok()
    }

    /// What the row says about its part beyond number and name, and about the line beyond what every line has.
    fn properties(&mut self, row: &Row) -> (BTreeMap<String, Value>, BTreeMap<String, Value>) {
        let (mut properties, mut of_line) = (BTreeMap::new(), BTreeMap::new());
        let columns = self.columns;
        for (field, column) in columns.iter() {
            let (name, properties) = match field {
                Field::Cost | Field::Weight | Field::Description | Field::Revision => {
                    (field.to_string(), &mut properties)
                }
                Field::Property(name) => (name.clone(), &mut properties),
                Field::Line(name) => (name.clone(), &mut of_line),
                _ => continue,
            };
            let (text, _) = row.text_cell(column);
            if text.is_empty() {
                continue;
            }
            match self.property(row, column, field, &name, &text) {
                Ok(value) => {
                    properties.insert(name, value);
                }
                Err(reason) => self.problem(row, field, &text, reason),
            }
        }
        (properties, of_line)
    }

    fn property(&mut self, row: &Row, column: usize, field: &Field, name: &str, text: &str) -> Result<Value, String> {
        let is_number = row.is_number(column);
        let value = match field {
            Field::Cost => self.money(row.row, text, is_number)?,
            Field::Weight => self.plain_number(text, "weight", is_number)?,
            _ => {
                let longest = self.options.limits.properties.get(name).copied();
                let longest = longest.filter(|_| !matches!(field, Field::Line(_))).unwrap_or(usize::MAX);
                return check_text(text, longest).map(|()| Value::String(text.to_owned()));
            }
        };
        if value < Decimal::ZERO {
            return Err(format!("The {name} is negative: {text:?}"));
        }
        exact_json(value).map(Value::Number).ok_or_else(|| format!("{text:?} has more digits than can be kept exactly"))
    }

    fn money(&mut self, row: usize, text: &str, is_number: bool) -> Result<Decimal, String> {
        let reading = self.number(text, is_number)?;
        if let Some(currency) = reading.currency {
            match &self.currency {
                None => self.currency = Some((currency, row)),
                Some((first, first_row)) if !same_currency(first, &currency) => {
                    return Err(format!("{text:?} is in {currency}, but row {first_row} is in {first}"));
                }
                Some(_) => {}
            }
        }
        Ok(reading.value)
    }

    fn plain_number(&self, text: &str, what: &str, is_number: bool) -> Result<Decimal, String> {
        let reading = self.number(text, is_number)?;
        match reading.currency {
            Some(currency) => Err(format!("The {what} is an amount of money ({currency}): {text:?}")),
            None => Ok(reading.value),
        }
    }

    /// `is_number`: a workbook holds it as a number, so that the point in it is one.
    fn number(&self, text: &str, is_number: bool) -> Result<Reading, String> {
        if is_number {
            return read_number(text, DecimalStyle::Point);
        }
        let reading = read_number(text, self.options.decimal)?;
        match (reading.mark, self.comma_row) {
            (Some(Mark::PointOrGroup), Some(row)) => Err(format!(
                "Row {row} has a decimal comma, so the point in {text:?} can group thousands: choose decimal=point or decimal=comma"
            )),
            _ => Ok(reading),
        }
    }
}

/// The first row with a number that can only be read with a decimal comma.
fn comma_row(sheet: &Sheet, columns: &Columns, style: DecimalStyle) -> Option<usize> {
    if style != DecimalStyle::Auto {
        return None;
    }
    let numeric: Vec<usize> =
        [Field::Quantity, Field::Cost, Field::Weight].iter().filter_map(|field| columns.get(field)).collect();
    let has_comma = |row: &&Row| {
        numeric.iter().any(|&column| {
            let text = row.cell(column);
            text.contains([',', '，']) && read_number(&text, style).is_ok_and(|read| read.mark == Some(Mark::Comma))
        })
    };
    sheet.rows.iter().find(has_comma).map(|row| row.row)
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
