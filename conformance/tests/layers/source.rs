//! Reads Rust sources for the paths that they name, in imports and elsewhere, as paths from the crate's root. Comments,
//! texts and what is compiled for tests only do not count. Names that were imported are not followed.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module with all that it names.
pub struct Source {
    /// `crate::checks::join`.
    pub module: String,
    /// Every path of more than one part, in order; those that begin with a part of this crate begin with `crate`.
    pub paths: BTreeSet<String>,
    /// The modules that have files of their own.
    children: Vec<String>,
}

/// Reads a crate's root and the files of all its modules.
pub fn read_crate(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    read(root, root.parent().unwrap(), "crate", &mut sources);
    sources
}

/// Reads a module's file; its children's files are in `folder`.
fn read(file: &Path, folder: &Path, module: &str, sources: &mut Vec<Source>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let source = Source::parse(module, &text);
    for child in &source.children {
        let own_folder = folder.join(child);
        let beside = folder.join(format!("{child}.rs"));
        let file = if beside.exists() { beside } else { own_folder.join("mod.rs") };
        read(&file, &own_folder, &format!("{module}::{child}"), sources);
    }
    sources.push(source);
}

impl Source {
    /// Reads the text of a module.
    pub fn parse(module: &str, text: &str) -> Self {
        let mut source = Self { module: module.to_owned(), paths: BTreeSet::new(), children: Vec::new() };
        let tokens = text.parse().unwrap_or_else(|error| panic!("{module}: {error}"));
        let parts: Vec<String> = module.split("::").map(str::to_owned).collect();
        source.walk(tokens, &parts);
        source
    }

    fn walk(&mut self, tokens: TokenStream, module: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at..] {
                [TokenTree::Punct(mark), TokenTree::Group(attribute), ..]
                    if mark.as_char() == '#' && is_for_tests(attribute.stream()) =>
                {
                    after_item(&tokens, at + 2)
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if word == "mod" && body.delimiter() == Delimiter::Brace =>
                {
                    let inner: Vec<String> = module.iter().cloned().chain([name.to_string()]).collect();
                    self.walk(body.stream(), &inner);
                    at + 3
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end), ..]
                    if word == "mod" && end.as_char() == ';' =>
                {
                    self.children.push(name.to_string());
                    at + 3
                }
                [TokenTree::Ident(word), ..] if word == "use" => {
                    let end = (at..tokens.len()).find(|&end| is_mark(&tokens[end], ';')).unwrap_or(tokens.len());
                    self.import(&tokens[at + 1..end], &[], module);
                    end + 1
                }
                [TokenTree::Ident(_), ..] => {
                    let (parts, next) = path(&tokens, at);
                    self.name(&parts, module);
                    next
                }
                [TokenTree::Group(group), ..] => {
                    self.walk(group.stream(), module);
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Takes the tree of a `use`, behind the parts that stand before it.
    fn import(&mut self, tree: &[TokenTree], before: &[String], module: &[String]) {
        let start = tree.iter().position(|token| !is_mark(token, ':')).unwrap_or(tree.len());
        let (more, next) = path(tree, start);
        let parts: Vec<String> = before.iter().cloned().chain(more).collect();
        match tree.iter().skip(next).find(|token| !is_mark(token, ':')) {
            Some(TokenTree::Group(group)) => {
                let list: Vec<TokenTree> = group.stream().into_iter().collect();
                for branch in list.split(|token| is_mark(token, ',')) {
                    self.import(branch, &parts, module);
                }
            }
            Some(star) if is_mark(star, '*') => {
                let all: Vec<String> = parts.into_iter().chain(["*".to_owned()]).collect();
                self.name(&all, module);
            }
            _ => self.name(&parts, module), // perhaps with `as` and another name
        }
    }

    /// Notes a path, made one from the root where it is relative.
    fn name(&mut self, parts: &[String], module: &[String]) {
        // `use a::{self}` names `a`.
        let parts = match parts {
            [whole @ .., last] if last == "self" && !whole.is_empty() => whole,
            _ => parts,
        };
        let ups = parts.iter().take_while(|part| *part == "super" || *part == "self").count();
        let supers = parts[..ups].iter().filter(|part| *part == "super").count();
        let base = &module[..module.len().saturating_sub(supers).max(1)];
        let whole: Vec<&str> = match ups {
            0 => parts.iter().map(String::as_str).collect(),
            _ => base.iter().chain(&parts[ups..]).map(String::as_str).collect(),
        };
        if whole.len() > 1 {
            self.paths.insert(whole.join("::"));
        }
    }
}

/// The words from here on that `::` holds together, and where they end.
fn path(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut parts = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(part)) = tokens.get(at) {
        parts.push(part.to_string());
        at += 1;
        match &tokens[at..] {
            [one, two, TokenTree::Ident(_), ..] if is_mark(one, ':') && is_mark(two, ':') => at += 2,
            _ => break,
        }
    }
    (parts, at)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn is_for_tests(attribute: TokenStream) -> bool {
    attribute.to_string().replace(' ', "") == "cfg(test)"
}

/// Where the item that begins here is over: behind its `;` or its braces. Its own attributes are part of it.
fn after_item(tokens: &[TokenTree], start: usize) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        other => is_mark(other, ';'),
    };
    let end = (start..tokens.len()).find(|&at| ends(&tokens[at])).unwrap_or(tokens.len());
    // `use a::{b, c};` has braces and a semicolon.
    if tokens.get(end + 1).is_some_and(|token| is_mark(token, ';')) { end + 2 } else { end + 1 }
}
