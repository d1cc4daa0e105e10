//! Which column of a sheet holds which field.

use std::collections::{BTreeMap, BTreeSet};

use super::field::Field;
use super::guess::{field_of, is_indented};
use super::model::UsedColumn;
use crate::error::{Error, Result};

fn map_error(message: impl Into<String>) -> Error {
    Error::invalid_field("value_error", &["body", "columns"], message)
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Header(String),
    /// 1-based.
    Position(usize),
    /// The field is not read, whatever the headers say.
    Nowhere,
}

/// What the caller asks for: fields and the columns they are in. Empty asks for a guess.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap(BTreeMap<Field, Place>);

impl ColumnMap {
    /// Reads `number=Part Number,quantity=#7,weight=`.
    ///
    /// `#7` is the seventh column; nothing after the equals sign leaves the field out. A backslash takes a comma, an equals
    /// sign, a leading `#` or a backslash literally.
    pub fn parse(text: &str) -> Result<Self> {
        let mut map = BTreeMap::new();
        for entry in split(text, ',').into_iter().filter(|entry| !entry.trim().is_empty()) {
            let parts = split(entry, '=');
            let [field, place] = parts.as_slice() else {
                let entry = entry.trim();
                return Err(map_error(format!(
                    "{entry:?} is no mapping; write FIELD=COLUMN, with a backslash before a comma or equals sign of the column"
                )));
            };
            let field = field.trim().parse().map_err(|reason: String| map_error(reason))?;
            let place = Place::parse(place.trim())?;
            if map.contains_key(&field) {
                return Err(map_error(format!("The field {field} is mapped twice")));
            }
            map.insert(field, place);
        }
        Ok(Self(map))
    }

    /// The columns whose headers are well known.
    pub fn guess(header: &[String]) -> Result<Columns> {
        Self::default().resolve(header)
    }

    /// Finds the columns in a header, and completes the map by a guess for fields it does not name.
    ///
    /// Fails on a column that is not there or there twice, and if number or name, or the quantity, is in no column.
    /// Without any mapping, a field that two columns could hold is an error; with one, such a field is left out unless it
    /// is needed.
    pub fn resolve(&self, header: &[String]) -> Result<Columns> {
        let mut columns = Columns { by_field: BTreeMap::new(), guessed: BTreeSet::new(), labels: labels(header) };
        for (field, place) in &self.0 {
            if let Some(column) = place.find(field, header)? {
                columns.by_field.insert(field.clone(), column);
            }
        }
        let doubtful = self.complete(&mut columns, header);
        let needed = |field: &Field| match field {
            Field::Quantity => true,
            Field::Number | Field::Name => !columns.has(&Field::Number) && !columns.has(&Field::Name),
            _ => false,
        };
        if let Some((field, candidates)) = doubtful.iter().find(|(field, _)| self.0.is_empty() || needed(field)) {
            let names: Vec<String> = candidates.iter().map(|&column| columns.place(column)).collect();
            return Err(map_error(format!(
                "Several columns can hold the {field}: {}. Name one, as in {field}=#{}, or leave the field out with {field}=",
                names.join(", "),
                candidates.first().map_or(1, |column| column + 1)
            )));
        }
        columns.check_complete()?;
        Ok(columns)
    }

    /// Adds what the headers tell; returns the fields that more than one column could hold.
    fn complete(&self, columns: &mut Columns, header: &[String]) -> BTreeMap<Field, Vec<usize>> {
        let taken: BTreeSet<usize> = columns.by_field.values().copied().collect();
        let mut candidates: BTreeMap<Field, Vec<usize>> = BTreeMap::new();
        for (column, text) in header.iter().enumerate().filter(|(column, _)| !taken.contains(column)) {
            if let Some(field) = field_of(text).filter(|field| !self.0.contains_key(field)) {
                candidates.entry(field).or_default().push(column);
            }
        }
        candidates.retain(|field, found| {
            if let [column] = found.as_slice() {
                columns.by_field.insert(field.clone(), *column);
                columns.guessed.insert(field.clone());
            }
            found.len() > 1
        });
        candidates
    }
}

/// Splits at a sign that no backslash precedes; the parts keep their backslashes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, sign) in text.char_indices() {
        if sign == at && !escaped {
            parts.push(&text[start..index]);
            start = index + sign.len_utf8();
        }
        escaped = sign == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let next = signs.next_if(|next| sign == '\\' && matches!(next, ',' | '=' | '#' | '\\'));
        plain.push(next.unwrap_or(sign));
    }
    plain
}

impl Place {
    fn parse(text: &str) -> Result<Self> {
        match text.strip_prefix('#').map(str::parse::<usize>) {
            _ if text.is_empty() => Ok(Self::Nowhere),
            Some(Ok(position)) if position > 0 => Ok(Self::Position(position)),
            Some(_) => Err(map_error(format!("{text:?} is no position; the first column is #1"))),
            None => Ok(Self::Header(super::cell::tidy(&unescape(text)))),
        }
    }

    fn find(&self, field: &Field, header: &[String]) -> Result<Option<usize>> {
        let wanted = match self {
            Self::Nowhere => return Ok(None),
            Self::Position(position) if *position <= header.len() => return Ok(Some(position - 1)),
            Self::Position(position) => {
                return Err(map_error(format!("{field}: there is no column #{position}; {}", listed(header))));
            }
            Self::Header(wanted) => wanted,
        };
        let matching = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
            header.iter().enumerate().filter(|(_, text)| same(text)).map(|(column, _)| column).collect()
        };
        let mut found = matching(&|text| text == wanted);
        if found.is_empty() {
            let lower = wanted.to_lowercase();
            found = matching(&|text| text.to_lowercase() == lower);
        }
        match found.as_slice() {
            [column] => Ok(Some(*column)),
            [] => Err(map_error(format!("{field}: there is no column {wanted:?}; {}", listed(header)))),
            several => {
                let places: Vec<String> = several.iter().map(|column| format!("#{}", column + 1)).collect();
                let places = places.join(" or ");
                Err(map_error(format!(
                    "{field}: the column {wanted:?} is there more than once; write {field}={places}"
                )))
            }
        }
    }
}

fn listed(header: &[String]) -> String {
    let names: Vec<String> = header.iter().enumerate().map(|(at, text)| format!("#{} {text:?}", at + 1)).collect();
    format!("the columns are {}", names.join(", "))
}

/// How each column is called in messages: its header, with the position where that is not clear.
fn labels(header: &[String]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for text in header {
        *seen.entry(text).or_default() += 1;
    }
    let label = |(at, text): (usize, &String)| match text.as_str() {
        "" => format!("#{}", at + 1),
        name if seen.get(name).is_some_and(|&times| times > 1) => format!("{name} (#{})", at + 1),
        name => name.to_owned(),
    };
    header.iter().enumerate().map(label).collect()
}

/// Fields and the columns they were found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    by_field: BTreeMap<Field, usize>,
    guessed: BTreeSet<Field>,
    labels: Vec<String>,
}

impl Columns {
    /// 0-based.
    pub fn get(&self, field: &Field) -> Option<usize> {
        self.by_field.get(field).copied()
    }

    pub fn has(&self, field: &Field) -> bool {
        self.by_field.contains_key(field)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Field, usize)> {
        self.by_field.iter().map(|(field, column)| (field, *column))
    }

    /// How many columns the header has.
    pub fn width(&self) -> usize {
        self.labels.len()
    }

    /// Whether the header of the number or the name says that blanks before it tell the structure.
    pub fn is_indented(&self) -> bool {
        [Field::Number, Field::Name].iter().any(|field| self.label(field).is_some_and(|header| is_indented(&header)))
    }

    /// How messages call the column of a field.
    pub fn label(&self, field: &Field) -> Option<String> {
        self.get(field).and_then(|column| self.labels.get(column).cloned())
    }

    /// For people, in the order of the columns.
    pub fn used(&self) -> Vec<UsedColumn> {
        let mut used: Vec<UsedColumn> = self
            .iter()
            .map(|(field, column)| UsedColumn {
                field: field.to_string(),
                column: self.labels.get(column).cloned().unwrap_or_default(),
                position: column + 1,
                guessed: self.guessed.contains(field),
            })
            .collect();
        used.sort_by_key(|column| column.position);
        used
    }

    fn place(&self, column: usize) -> String {
        let label = self.labels.get(column).map_or("", String::as_str);
        if label.contains('#') { label.to_owned() } else { format!("{label} (#{})", column + 1) }
    }

    fn check_complete(&self) -> Result<()> {
        let missing = if !self.has(&Field::Number) && !self.has(&Field::Name) {
            "a number or a name"
        } else if !self.has(&Field::Quantity) {
            "the quantity"
        } else {
            return Ok(());
        };
        let columns: Vec<String> = (0..self.width()).map(|column| self.place(column)).collect();
        Err(map_error(format!(
            "No column is known to hold {missing}; map one, as in number=#1,name=#2,quantity=#3. The columns are {}",
            columns.join(", ")
        )))
    }
}

#[cfg(test)]
#[path = "columns_tests.rs"]
mod tests;
