//! Text in the rows of `search_documents`, by the means of each engine: which rows hold given characters, or some like them.
//!
//! SQLite has two FTS5 tables: trigrams of the text, and short terms. PostgreSQL has a vector of both beside each row, and
//! pg_trgm over titles. Both only narrow: a row that is found is compared by whoever asks. A user's text is always a value
//! or a quoted term, never syntax.

use std::collections::BTreeSet;
use std::fmt::Write;

use sea_orm::{ConnectionTrait, DbBackend};

use super::{Db, Sql, Tx};
use crate::error::Result;

/// The characters of a gram; shorter words are looked for among the terms.
pub const GRAM: usize = 3;
/// Grams that one word is looked for by. More of them narrow no further.
const GRAMS_PER_WORD: usize = 24;
/// How often a gram may occur to be worth looking at when what is similar is looked for.
const COMMON: usize = 3000;
/// The rows among which PostgreSQL looks for the most similar ones.
const SIMILAR_ROWS: u64 = 500;
/// How alike a word and some part of a title must be at least to be looked at, as pg_trgm measures it.
const WORD_SIMILARITY: &str = "0.35";

/// The text of one row as it is indexed.
pub struct Indexed {
    pub row_id: i64,
    /// Folded by the caller: it is compared character by character.
    pub body: String,
    pub terms: Vec<String>,
}

/// Which rows are looked at.
#[derive(Debug, Clone, Copy)]
pub enum Lookup<'a> {
    All,
    /// Those that hold all grams of these words, each of at least [`GRAM`] characters.
    Grams(&'a [&'a str]),
    /// Those that have all of these terms.
    Terms(&'a [&'a str]),
    /// Those that have one of these grams or terms at least.
    Any {
        grams: &'a [String],
        terms: &'a [String],
    },
}

fn is_postgres(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// What the engine finds text by.
pub fn means(db: &impl ConnectionTrait) -> &'static str {
    if is_postgres(db) { "tsvector" } else { "fts5" }
}

/// The function that answers with the place of its second argument in the first, 0 for none.
pub fn position(db: &impl ConnectionTrait) -> &'static str {
    if is_postgres(db) { "strpos" } else { "instr" }
}

/// Pushes `search_documents d` with what narrows it, up to and including the `WHERE` and its first condition.
pub fn push_source(sql: &mut Sql, db: &impl ConnectionTrait, lookup: Lookup<'_>) {
    if matches!(lookup, Lookup::All) {
        sql.push("search_documents d WHERE TRUE");
    } else if is_postgres(db) {
        sql.push("search_terms t JOIN search_documents d ON d.row_id = t.row_id WHERE t.terms @@ CAST(");
        sql.bind(tsquery(lookup)).push(" AS tsquery)");
    } else {
        push_fts(sql, lookup);
    }
}

/// `CROSS JOIN`: SQLite then begins with the index and stops with the limit.
fn push_fts(sql: &mut Sql, lookup: Lookup<'_>) {
    let mut matching = |table: &str, query: String| {
        sql.push(&format!(
            "{table} CROSS JOIN search_documents d ON d.row_id = {table}.rowid WHERE {table}.{table} MATCH "
        ));
        sql.bind(query);
    };
    match lookup {
        Lookup::All => {}
        Lookup::Grams(words) => matching("search_trigrams", fts_query(&grams_of(words), " AND ")),
        Lookup::Terms(terms) => matching("search_terms", fts_query(&encoded(terms), " AND ")),
        Lookup::Any { grams, terms } => {
            sql.push("(");
            let mut parts = 0;
            for (table, query) in [("search_trigrams", grams.to_vec()), ("search_terms", encoded(terms))] {
                if query.is_empty() {
                    continue;
                }
                sql.push(if parts > 0 { " UNION " } else { "" });
                sql.push(&format!("SELECT rowid AS row_id FROM {table} WHERE {table} MATCH "));
                sql.bind(fts_query(&query, " OR "));
                parts += 1;
            }
            sql.push(if parts == 0 { "SELECT 0 AS row_id) f" } else { ") f" });
            sql.push(" CROSS JOIN search_documents d ON d.row_id = f.row_id WHERE TRUE");
        }
    }
}

/// Quoted strings are the only syntax; a quote inside is doubled.
fn fts_query(terms: &[String], between: &str) -> String {
    terms.iter().map(|term| format!("\"{}\"", term.replace('"', "\"\""))).collect::<Vec<_>>().join(between)
}

/// Terms as letters and digits, which the tokenizer leaves whole whatever they are.
fn encoded<T: AsRef<str>>(terms: &[T]) -> Vec<String> {
    terms
        .iter()
        .map(|term| {
            term.as_ref().chars().fold(String::new(), |mut code, sign| {
                // Writing to a string does not fail.
                let _ = write!(code, "x{:x}", u32::from(sign));
                code
            })
        })
        .collect()
}

fn tsquery(lookup: Lookup<'_>) -> String {
    match lookup {
        Lookup::All => String::new(),
        Lookup::Grams(words) => lexemes(&grams_of(words), " & "),
        Lookup::Terms(terms) => lexemes(&terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>(), " & "),
        Lookup::Any { grams, terms } => lexemes(&[grams, terms].concat(), " | "),
    }
}

/// Quoted lexemes, for a vector as for a query.
fn lexemes(terms: &[String], between: &str) -> String {
    let quoted = terms.iter().map(|term| format!("'{}'", term.replace('\\', "\\\\").replace('\'', "''")));
    quoted.collect::<Vec<_>>().join(between)
}

/// The grams that words are looked for by, spread over each of them.
fn grams_of(words: &[&str]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for word in words {
        let grams = grams(word);
        let step = grams.len().div_ceil(GRAMS_PER_WORD).max(1);
        all.extend(grams.into_iter().step_by(step));
    }
    all.into_iter().collect()
}

/// The grams of a text in their order; none reaches over a space.
pub fn grams(text: &str) -> Vec<String> {
    text.split(' ')
        .flat_map(|word| {
            let signs: Vec<char> = word.chars().collect();
            signs.windows(GRAM).map(|gram| gram.iter().collect()).collect::<Vec<String>>()
        })
        .collect()
}

/// Puts the texts of rows into the index, in the place of what it had of them.
pub async fn put(tx: &Tx, rows: &[Indexed]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    if is_postgres(tx) {
        return put_vectors(tx, rows).await;
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.row_id).collect();
    remove(tx, &ids).await?;
    for (table, column) in [("search_trigrams", "body"), ("search_terms", "terms")] {
        let mut sql = Sql::new(format!("INSERT INTO {table} (rowid, {column}) VALUES "));
        for (index, row) in rows.iter().enumerate() {
            sql.push(if index > 0 { ", (" } else { "(" }).bind(row.row_id).push(", ");
            let text = if column == "body" { row.body.clone() } else { encoded(&row.terms).join(" ") };
            sql.bind(text).push(")");
        }
        tx.execute_raw(sql.statement(tx)).await?;
    }
    Ok(())
}

async fn put_vectors(tx: &Tx, rows: &[Indexed]) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO search_terms (row_id, terms) VALUES ");
    for (index, row) in rows.iter().enumerate() {
        let all: BTreeSet<String> = grams(&row.body).into_iter().chain(row.terms.iter().cloned()).collect();
        let all: Vec<String> = all.into_iter().collect();
        sql.push(if index > 0 { ", (" } else { "(" }).bind(row.row_id).push(", CAST(");
        sql.bind(lexemes(&all, " ")).push(" AS tsvector))");
    }
    sql.push(" ON CONFLICT (row_id) DO UPDATE SET terms = excluded.terms");
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

/// Takes rows out of the index.
pub async fn remove(tx: &Tx, row_ids: &[i64]) -> Result<()> {
    let tables: &[(&str, &str)] = if is_postgres(tx) {
        &[("search_terms", "row_id")]
    } else {
        &[("search_trigrams", "rowid"), ("search_terms", "rowid")]
    };
    for (table, key) in tables {
        let mut sql = Sql::new(format!("DELETE FROM {table} WHERE {key} IN "));
        sql.bind_list(row_ids.iter().copied());
        tx.execute_raw(sql.statement(tx)).await?;
    }
    Ok(())
}

/// What is asked of titles that are only similar.
pub struct Similar<'a> {
    pub words: &'a [&'a str],
    pub grams: Vec<String>,
    /// The beginnings of the words, as terms.
    pub terms: Vec<String>,
}

/// Runs `select` over the rows whose titles may be similar: it gets the statement up to the first condition, and adds its
/// own. What it answers is a rough choice, the likeliest first or all alike.
pub async fn similar(
    db: &Db,
    wanted: &Similar<'_>,
    columns: &str,
    select: impl FnOnce(&mut Sql),
) -> Result<Vec<sea_orm::QueryResult>> {
    let mut sql = Sql::new(format!("SELECT {columns} FROM "));
    if !is_postgres(db) {
        let (grams, terms) = rare(db, wanted).await?;
        push_source(&mut sql, db, Lookup::Any { grams: &grams, terms: &terms });
        select(&mut sql);
        sql.push(" LIMIT ").bind(2 * COMMON as u64);
        return Ok(db.query_all_raw(sql.statement(db)).await?);
    }
    let tx = db.begin().await?;
    let mut set = Sql::new("SELECT set_config('pg_trgm.word_similarity_threshold', ");
    set.bind(WORD_SIMILARITY).push(", true)");
    tx.query_one_raw(set.statement(&tx)).await?;
    sql.push("search_documents d WHERE TRUE");
    for word in wanted.words {
        sql.push(" AND ").bind(*word).push(" <% d.title");
    }
    select(&mut sql);
    sql.push(" ORDER BY 0");
    for word in wanted.words {
        sql.push(" + word_similarity(").bind(*word).push(", d.title)");
    }
    sql.push(" DESC LIMIT ").bind(SIMILAR_ROWS);
    Ok(tx.query_all_raw(sql.statement(&tx)).await?)
}

/// Those grams and terms that few rows have. When there are none, what is asked for looks like everything.
async fn rare(db: &Db, wanted: &Similar<'_>) -> Result<(Vec<String>, Vec<String>)> {
    let mut counted = Vec::new();
    for gram in wanted.grams.iter().take(GRAMS_PER_WORD) {
        counted.push((count(db, "search_trigrams", gram).await?, true, gram.clone()));
    }
    for term in wanted.terms.iter().take(GRAMS_PER_WORD) {
        counted.push((count(db, "search_terms", &encoded(&[term]).concat()).await?, false, term.clone()));
    }
    counted.retain(|(count, ..)| *count > 0);
    counted.sort();
    let (mut rows, mut chosen) = (0, (Vec::new(), Vec::new()));
    for (count, is_gram, text) in counted {
        rows += count;
        if rows > COMMON && !(chosen.0.is_empty() && chosen.1.is_empty()) {
            break;
        }
        if is_gram { chosen.0.push(text) } else { chosen.1.push(text) }
    }
    Ok(chosen)
}

async fn count(db: &Db, table: &str, term: &str) -> Result<usize> {
    let mut sql = Sql::new(format!("SELECT COUNT(*) AS many FROM (SELECT 1 FROM {table} WHERE {table} MATCH "));
    sql.bind(fts_query(&[term.to_owned()], "")).push(" LIMIT ").bind(COMMON as u64).push(") f");
    let row = db.query_one_raw(sql.statement(db)).await?;
    let many: i64 = row.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default();
    Ok(usize::try_from(many).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_text_is_never_syntax() {
        let terms = ["a\"b".to_owned(), "NEAR".to_owned(), "c' | 'd\\".to_owned()];
        assert_eq!(fts_query(&terms, " AND "), "\"a\"\"b\" AND \"NEAR\" AND \"c' | 'd\\\"");
        assert_eq!(lexemes(&terms, " & "), "'a\"b' & 'NEAR' & 'c'' | ''d\\\\'");
        assert_eq!(encoded(&["m6", "轴"]), ["x6dx36", "x8f74"]);
    }

    #[test]
    fn grams_do_not_reach_over_spaces_and_long_words_are_looked_for_by_some() {
        assert_eq!(grams("ab p-01 轴承座"), ["p-0", "-01", "轴承座"]);
        let long: String = ('a'..='z').cycle().take(200).collect();
        assert!(grams_of(&[&long]).len() <= GRAMS_PER_WORD);
        assert_eq!(grams_of(&["abc", "abcd"]), ["abc", "bcd"]);
    }
}
