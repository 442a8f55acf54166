//! The known keyword nearest to a mistyped one.

/// The candidate fewest edits away from `word`, if near enough to be a slip of the finger.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    let distances = candidates.into_iter().map(|each| (distance(word, each), each));
    distances.filter(|(edits, _)| *edits <= limit && *edits > 0).min().map(|(_, each)| each)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
/// Words over 40 characters are never near.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len() > 40 || right.len() > 40 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let mut best = (at(&above, j) + usize::from(a != b))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped =
                i > 0 && j > 0 && left.get(i - 1) == Some(b) && right.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let known = ["device-id", "secret", "port", "retry"];
        assert_eq!(nearest("devide-id", known), Some("device-id"));
        assert_eq!(nearest("device_id", known), Some("device-id"));
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("10.0.0.1", known), None);
        assert_eq!(nearest("port", known), None);
        assert_eq!(nearest("", known), None);
    }
}
