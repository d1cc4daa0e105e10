//! A sheet as a table of Markdown, for people.

use super::{Cell, Table};

pub(super) fn write(table: &Table) -> Vec<u8> {
    let mut out = String::new();
    line(&mut out, table.header.iter().map(|text| escape(text)));
    let is_number = |column: usize| table.rows.iter().any(|row| matches!(row.get(column), Some(Cell::Number(_))));
    line(&mut out, (0..table.header.len()).map(|column| if is_number(column) { "---:" } else { "---" }.to_owned()));
    for row in &table.rows {
        line(&mut out, row.iter().map(text));
    }
    out.into_bytes()
}

fn line(out: &mut String, cells: impl Iterator<Item = String>) {
    out.push('|');
    for cell in cells {
        out.push(' ');
        out.push_str(&cell);
        out.push_str(" |");
    }
    out.push('\n');
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => escape(text),
        Cell::Indented(level, text) => format!("{}{}", "&emsp;".repeat(*level as usize), escape(text)),
        Cell::Number(number) => number.to_string(),
    }
}

/// Nothing in a text makes another cell, a link or HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '\r' => {}
            '\n' => escaped.push_str("<br>"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '!' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(sign);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_their_cells() {
        let rows = vec![vec![Cell::Indented(1, "A|B".into()), Cell::Text("<b>\nx".into()), Cell::Number(2.5)]];
        let table = Table { header: vec!["Part".into(), "Name".into(), "Qty".into()], rows };
        let expected = "| Part | Name | Qty |\n| --- | --- | ---: |\n| &emsp;A\\|B | &lt;b&gt;<br>x | 2.5 |\n";
        assert_eq!(String::from_utf8(write(&table)).unwrap(), expected);
    }
}
