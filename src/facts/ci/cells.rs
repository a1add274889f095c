//! The cells of a matrix: every choice of one value an axis.

/// The cells with one more axis; none where it has no value, or where there would be more than `most`.
pub(super) fn with_axis<Name: Clone>(
    cells: &[Vec<(Name, String)>],
    name: &Name,
    values: &[String],
    most: usize,
) -> Option<Vec<Vec<(Name, String)>>> {
    if values.is_empty() || cells.len().saturating_mul(values.len()) > most {
        return None;
    }
    let with = |cell: &[(Name, String)], value: &String| {
        let mut cell = cell.to_vec();
        cell.push((name.clone(), value.clone()));
        cell
    };
    Some(cells.iter().flat_map(|cell| values.iter().map(|value| with(cell, value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_with_every_cell() {
        let values = |all: &[&str]| -> Vec<String> { all.iter().map(|v| (*v).to_owned()).collect() };
        let one = with_axis(&[Vec::new()], &"a", &values(&["1", "2"]), 9).unwrap();
        let two = with_axis(&one, &"b", &values(&["x", "y"]), 4).unwrap();
        let cell = |a: &str, b: &str| vec![("a", a.to_owned()), ("b", b.to_owned())];
        assert_eq!(two, [cell("1", "x"), cell("1", "y"), cell("2", "x"), cell("2", "y")]);
        assert_eq!(with_axis(&two, &"c", &values(&["p", "q"]), 7), None);
        assert_eq!(with_axis(&two, &"c", &[], 7), None);
    }
}
