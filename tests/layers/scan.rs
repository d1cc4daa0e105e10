//! Finds the paths that Rust source mentions, with their lines. It knows nothing of what is allowed.
//!
//! A full parser is not needed: strings and comments are dropped, braces give the inline module and whether it is
//! compiled for tests only, and a path is a run of names joined by `::`, with `use` groups expanded.

use std::collections::HashMap;

use crate::tokens::{Token, tokens};

/// One path, as a list of names; `crate`, `self` and `super` are resolved to start with `crate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub line: usize,
    pub path: Vec<String>,
    /// It stands under `#[cfg(test)]`.
    pub test_only: bool,
}

/// Every path in `text`, the source of the module `module` (without `crate`).
pub fn mentions(text: &str, module: &[String]) -> Vec<Mention> {
    let tokens = tokens(text);
    let mut walk = Walk {
        tokens: &tokens,
        at: 0,
        scopes: Vec::new(),
        module,
        test_next: false,
        imports: HashMap::new(),
        found: Vec::new(),
    };
    walk.run();
    walk.follow_imports()
}

/// An open brace: the module it opens, if it does, and whether all of it is for tests.
struct Scope {
    module: Option<String>,
    test_only: bool,
}

struct Walk<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    scopes: Vec<Scope>,
    module: &'a [String],
    /// `#[cfg(test)]` was read and its item has not begun.
    test_next: bool,
    /// What the names that a `use` brings into the file stand for.
    imports: HashMap<String, Vec<String>>,
    found: Vec<Mention>,
}

impl Walk<'_> {
    fn run(&mut self) {
        while let Some((_, token)) = self.tokens.get(self.at) {
            match token {
                Token::Mark('#') if self.test_attribute() => {
                    self.test_next = true;
                    self.at += 7;
                }
                Token::Mark('{') => self.open(),
                Token::Mark('}') => {
                    self.scopes.pop();
                    self.at += 1;
                }
                Token::Name(name) if name == "use" => {
                    self.at += 1;
                    self.path(Vec::new(), true);
                    self.test_next = false;
                }
                Token::Name(_) => self.path(Vec::new(), false),
                Token::Mark(';') => {
                    self.test_next = false;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    /// Stands at `#[cfg(test)]`.
    fn test_attribute(&self) -> bool {
        let name = |offset: usize, expected: &str| matches!(self.tokens.get(self.at + offset), Some((_, Token::Name(name))) if name == expected);
        let mark = |offset: usize, expected: char| {
            self.tokens.get(self.at + offset).is_some_and(|(_, token)| *token == Token::Mark(expected))
        };
        mark(1, '[') && name(2, "cfg") && mark(3, '(') && name(4, "test") && mark(5, ')') && mark(6, ']')
    }

    fn open(&mut self) {
        let module = match self.at.checked_sub(2).map(|start| &self.tokens[start..self.at]) {
            Some([(_, Token::Name(keyword)), (_, Token::Name(name))]) if keyword == "mod" => Some(name.clone()),
            _ => None,
        };
        self.scopes.push(Scope { module, test_only: self.test_next });
        self.test_next = false;
        self.at += 1;
    }

    /// Reads a path that continues `prefix`; in a `use`, groups are followed and one name alone counts.
    fn path(&mut self, mut prefix: Vec<String>, in_use: bool) {
        let line = self.tokens.get(self.at).map_or(0, |(line, _)| *line);
        loop {
            match self.tokens.get(self.at) {
                Some((_, Token::Name(name))) => {
                    prefix.push(name.clone());
                    self.at += 1;
                }
                Some((_, Token::Mark('{'))) if in_use => return self.group(&prefix),
                // A leading `::` names an outside crate.
                Some((_, Token::Join)) if in_use && prefix.is_empty() => {
                    self.at += 1;
                    continue;
                }
                // `::*` and `::<T>` end the path.
                _ => break,
            }
            match self.tokens.get(self.at) {
                Some((_, Token::Join)) => self.at += 1,
                _ => break,
            }
        }
        self.record(line, prefix, in_use);
    }

    fn group(&mut self, prefix: &[String]) {
        self.at += 1;
        while let Some((_, token)) = self.tokens.get(self.at) {
            match token {
                Token::Mark('}') => {
                    self.at += 1;
                    return;
                }
                Token::Mark(',') => self.at += 1,
                Token::Name(name) if name == "as" => self.at += 2,
                Token::Mark('*') => {
                    let line = self.tokens[self.at].0;
                    self.record(line, prefix.to_vec(), true);
                    self.at += 1;
                }
                Token::Name(_) | Token::Join | Token::Mark('{') => self.path(prefix.to_vec(), true),
                Token::Mark(_) => self.at += 1,
            }
        }
    }

    fn record(&mut self, line: usize, path: Vec<String>, in_use: bool) {
        let rooted = path.first().is_some_and(|first| matches!(first.as_str(), "crate" | "self" | "super"));
        let names_type = path.len() == 1 && path[0].starts_with(char::is_uppercase);
        if path.len() < 2 && !in_use && !names_type || path.is_empty() {
            return;
        }
        let mut path = if rooted { self.resolve(path) } else { path };
        // `{self}` in a group means the path so far.
        path.pop_if(|last| last == "self");
        if in_use {
            self.import(&path);
        }
        let test_only = self.test_next || self.scopes.iter().any(|scope| scope.test_only);
        self.found.push(Mention { line, path, test_only });
    }

    fn import(&mut self, path: &[String]) {
        let alias = match self.tokens.get(self.at..self.at + 2) {
            Some([(_, Token::Name(keyword)), (_, Token::Name(alias))]) if keyword == "as" => Some(alias),
            _ => path.last(),
        };
        if let Some(name) = alias.filter(|_| path.first().is_some_and(|first| first == "crate")) {
            self.imports.insert(name.clone(), path.to_vec());
        }
    }

    /// `meta::repo::find` after `use crate::domain::meta` is `crate::domain::meta::repo::find`.
    fn follow_imports(mut self) -> Vec<Mention> {
        for mention in &mut self.found {
            let imported = mention.path.first().and_then(|first| self.imports.get(first));
            if let Some(imported) = imported.filter(|_| mention.path.len() > 1) {
                mention.path.splice(..1, imported.iter().cloned());
            }
        }
        self.found
    }

    fn resolve(&self, path: Vec<String>) -> Vec<String> {
        let mut base: Vec<String> = self.module.to_vec();
        base.extend(self.scopes.iter().filter_map(|scope| scope.module.clone()));
        let mut rest = path.into_iter().peekable();
        while let Some(first) = rest.peek() {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => drop(base.pop()),
                _ => break,
            }
            rest.next();
        }
        std::iter::once("crate".to_owned()).chain(base).chain(rest).collect()
    }
}
