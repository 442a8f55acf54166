//! Which known name somebody meant.

/// The name that needs the fewest changed, missing, superfluous or swapped letters, if they are few. A name without
/// its table, or with a hyphen for the underscore, counts as near.
pub(super) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_lowercase().replace('-', "_");
    let distance = |name: &str| {
        let bare = name.rsplit('.').next().unwrap_or(name);
        let last = word.rsplit('.').next().unwrap_or(&word);
        edits(&word, name).min(edits(last, bare).saturating_add(1))
    };
    let (name, edits) = names.map(|name| (name, distance(name))).min_by_key(|(_, edits)| *edits)?;
    (edits <= 1 + word.len().max(name.len()) / 4).then_some(name)
}

/// Edit distance with neighbours swapped counting once (optimal string alignment).
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&last, j) + usize::from(a != b);
            best = best.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let is_swap = i > 0 && j > 0 && from.get(i - 1) == Some(b) && to.get(j - 1) == Some(a);
            if is_swap {
                best = best.min(at(&before_last, j - 1) + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_names_are_guessed_and_strange_ones_are_not() {
        let names = ["listen", "addresses", "keep_alive.retry", "max_waiting", "proxy_from"];
        for (word, meant) in [
            ("lissten", Some("listen")),
            ("lsiten", Some("listen")),
            ("adress", Some("addresses")),
            ("address", Some("addresses")),
            ("retry", Some("keep_alive.retry")),
            ("keep-alive.retry", Some("keep_alive.retry")),
            ("proxy-from", Some("proxy_from")),
            ("MaxWaiting", Some("max_waiting")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names.into_iter()), meant, "{word}");
        }
    }

    #[test]
    fn edits_count_swaps_once() {
        for (from, to, count) in
            [("", "abc", 3), ("abc", "acb", 1), ("ca", "abc", 3), ("a", "a", 0)]
        {
            assert_eq!(edits(from, to), count, "{from} {to}");
        }
    }
}
