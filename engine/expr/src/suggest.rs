//! "Did you mean": the nearest of the known names.

/// The known name with the fewest edits, if there are few enough for it to be a slip of the hand.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().count() > 64 {
        return None;
    }
    let limit = 1 + name.chars().count() / 4;
    known
        .map(|candidate| (edits(name, candidate), candidate))
        .filter(|(count, _)| *count <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance; letters that differ in case only cost nothing.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["Succeeded", "Failed", "Errored"];
        assert_eq!(
            super::nearest("Suceeded", known.into_iter()),
            Some("Succeeded")
        );
        assert_eq!(super::nearest("zzz", known.into_iter()), None);
    }
}
