//! What is looked for: words that must all occur. Pure.

use super::fold::{fold, is_spaceless, may_be_term};
use crate::db::fulltext::{GRAM, Lookup};
use crate::error::{Error, Result};

/// The most characters and words of a query.
const MOST_CHARACTERS: usize = 200;
const MOST_WORDS: usize = 16;

/// A query as it is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The whole of it, for what is a number or a name as it stands.
    pub text: String,
    pub words: Vec<String>,
}

impl Query {
    /// Fails with `Invalid` on `query.q` for what is too long to be meant.
    pub fn parse(given: &str) -> Result<Self> {
        let refused = |message: String| Error::invalid_field("string_too_long", &["query", "q"], message);
        if given.chars().count() > MOST_CHARACTERS {
            return Err(refused(format!("A query has at most {MOST_CHARACTERS} characters; look for fewer words")));
        }
        let text = fold(given);
        let mut words: Vec<String> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        if words.len() > MOST_WORDS {
            return Err(refused(format!("A query has at most {MOST_WORDS} words")));
        }
        Ok(Self { text, words })
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    pub fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// The words that grams find.
    pub fn long_words(&self) -> Vec<&str> {
        self.words().into_iter().filter(|word| word.chars().count() >= GRAM).collect()
    }

    /// Whether all words are so short that terms find them at the beginning of words only.
    pub fn may_stand_inside(&self) -> bool {
        self.long_words().is_empty() && self.words.iter().any(|word| !word.chars().all(is_spaceless))
    }
}

/// What narrows a search: grams where a word is long enough, terms where all are short, else nothing.
pub fn lookup<'a>(long: &'a [&'a str], all: &'a [&'a str]) -> Lookup<'a> {
    if !long.is_empty() {
        Lookup::Grams(long)
    } else if !all.is_empty() && all.iter().all(|word| may_be_term(word)) {
        Lookup::Terms(all)
    } else {
        Lookup::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_words_that_occur_once() {
        let query = Query::parse("  Bolt\tM6 BOLT 螺栓 ").unwrap();
        assert_eq!((query.text.as_str(), query.words()), ("bolt m6 bolt 螺栓", vec!["bolt", "m6", "螺栓"]));
        assert_eq!(query.long_words(), ["bolt"]);
        assert!(Query::parse(" \0 ").unwrap().is_empty());
    }

    #[test]
    fn what_is_too_long_is_refused_by_its_field() {
        let many = (0..17).map(|index| format!("w{index} ")).collect::<String>();
        for text in ["x".repeat(201), many] {
            assert_eq!(Query::parse(&text).unwrap_err().problems()[0].loc, ["query", "q"]);
        }
        assert!(Query::parse(&"轴".repeat(200)).is_ok());
    }

    #[test]
    fn the_longest_words_narrow_most() {
        let kind = |text: &str| {
            let query = Query::parse(text).unwrap();
            match lookup(&query.long_words(), &query.words()) {
                Lookup::All => "all",
                Lookup::Grams(_) => "grams",
                Lookup::Terms(_) => "terms",
                Lookup::Any { .. } => "any",
            }
        };
        for (text, expected) in
            [("", "all"), ("m6", "terms"), ("轴承 a", "terms"), ("m6 bolt", "grams"), ("-", "all"), ("a -", "all")]
        {
            assert_eq!(kind(text), expected, "{text:?}");
        }
        let inside = |text: &str| Query::parse(text).unwrap().may_stand_inside();
        assert!(inside("x2") && inside("轴承 a") && !inside("轴承") && !inside("bolt x2") && !inside(""));
    }
}
