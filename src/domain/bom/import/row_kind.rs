//! Telling lines from what else stands in a sheet: totals, notes, repeated headers.

use super::columns::Columns;
use super::field::Field;
use super::model::SkipReason;
use super::sheet::Row;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    /// It has a number or a name, so it must become a line.
    Line,
    /// It has what a line has, but neither a number nor a name.
    NamelessLine,
    Skipped(SkipReason),
}

/// What a row below the header is.
pub(super) fn kind_of(row: &Row, header: &Row, columns: &Columns) -> RowKind {
    let filled = |field: &Field| columns.get(field).is_some_and(|column| !row.cell(column).is_empty());
    if repeats(row, header, columns) {
        return RowKind::Skipped(SkipReason::RepeatedHeader);
    }
    // A row of totals has neither a place in the structure nor a unit, whatever a part is called.
    let placed = [Field::Level, Field::Parent, Field::Uom].iter().any(filled);
    match (filled(&Field::Number), filled(&Field::Name)) {
        (false, false) => unnamed(row, columns, filled(&Field::Quantity)),
        (true, true) => RowKind::Line,
        (true, false) | (false, true) if placed && filled(&Field::Quantity) => RowKind::Line,
        (number, _) => {
            let identity = columns.get(if number { &Field::Number } else { &Field::Name });
            let identity = identity.map(|column| row.cell(column)).unwrap_or_default();
            if is_total(&identity) {
                RowKind::Skipped(SkipReason::Totals)
            } else if !filled(&Field::Quantity) && is_note(row, &identity, number) {
                RowKind::Skipped(SkipReason::Note)
            } else {
                RowKind::Line
            }
        }
    }
}

fn repeats(row: &Row, header: &Row, columns: &Columns) -> bool {
    columns.iter().all(|(_, column)| row.cell(column).to_lowercase() == header.cell(column).to_lowercase())
}

fn unnamed(row: &Row, columns: &Columns, has_quantity: bool) -> RowKind {
    let cells: Vec<(usize, String)> = row.filled().collect();
    if cells.iter().any(|(_, text)| is_total(text)) {
        return RowKind::Skipped(SkipReason::Totals);
    }
    // Amounts alone are sums. A text beside a quantity describes a part whose name was forgotten.
    let describes = |field: &Field| !matches!(field, Field::Quantity | Field::Cost | Field::Weight);
    let described = columns.iter().any(|(field, column)| describes(field) && !row.cell(column).is_empty());
    match (has_quantity && described, cells.len()) {
        (true, _) => RowKind::NamelessLine,
        (false, 1) if !has_quantity => RowKind::Skipped(SkipReason::Note),
        _ => RowKind::Skipped(SkipReason::Unnamed),
    }
}

/// A row with a single cell at its begin that reads like a sentence. A name may well have some words, a number has not.
fn is_note(row: &Row, text: &str, in_number: bool) -> bool {
    let mut filled = row.filled();
    let alone_at_begin = matches!((filled.next(), filled.next()), (Some((0, _)), None));
    let words = text.split_whitespace().count();
    // A Chinese character is about half a word.
    let width: usize = text.chars().map(|sign| if sign.is_ascii() { 1 } else { 2 }).sum();
    let (most_words, longest) = if in_number { (2, 40) } else { (4, 60) };
    alone_at_begin && (words > most_words || width > longest)
}

/// `Total:`, `Grand total`, `Summe: 5`.
fn is_total(text: &str) -> bool {
    const WORDS: [&str; 20] = [
        "total",
        "totals",
        "total cost",
        "total price",
        "total quantity",
        "grand total",
        "subtotal",
        "sub-total",
        "sub total",
        "sum",
        "summe",
        "gesamt",
        "gesamtsumme",
        "gesamtkosten",
        "gesamtpreis",
        "zwischensumme",
        "合计",
        "总计",
        "小计",
        "总价",
    ];
    let word = text.split([':', '：']).next().unwrap_or_default().trim().to_lowercase();
    WORDS.contains(&word.as_str())
}
