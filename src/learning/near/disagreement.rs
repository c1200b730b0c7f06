//! How far the neighbours of a row contradict its label.

use tator_domain::ImageId;

use super::Gallery;
use crate::{Error, Rows, Watch};

/// For each row the share of its `k` neighbours, weighed by likeness, that bear another label.
///
/// Rows of the same image do not count as neighbours: crops that overlap agree with each other whatever they show.
pub fn knn_disagreement(
    gallery: &Gallery<'_>,
    labels: &[usize],
    images: &[ImageId],
    k: usize,
    watch: Watch<'_>,
) -> Result<Vec<f32>, Error> {
    let rows = gallery.matrix.count();
    if labels.len() != rows || images.len() != rows {
        let why = format!("{rows} vectors, {} labels and {} images", labels.len(), images.len());
        return Err(Error::invalid("labels", why));
    }
    let near = gallery.many(gallery.matrix, k, &|query, row| images[query] == images[row], watch)?;
    let share = |(row, near): (usize, &Vec<super::Neighbour>)| {
        let weight = |other: Option<bool>| -> f32 {
            let wanted = near.iter().filter(|n| other.is_none_or(|other| (labels[n.row] != labels[row]) == other));
            wanted.map(|n| n.score.max(0.0)).sum()
        };
        let all = weight(None);
        if all > 0.0 { weight(Some(true)) / all } else { 0.0 }
    };
    Ok(near.iter().enumerate().map(share).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn a_stranger_among_its_like_is_contradicted() {
        let data: Vec<f32> =
            (0..10).flat_map(|row| if row < 5 { [1.0, 0.01 * row as f32] } else { [0.01 * row as f32, 1.0] }).collect();
        let gallery = Gallery::new(Matrix::new(&data, 2).unwrap());
        let labels = [0, 0, 1, 0, 0, 1, 1, 1, 1, 1];
        let images: Vec<ImageId> = (0..10).collect();
        let scores = knn_disagreement(&gallery, &labels, &images, 3, &|_, _| true).unwrap();
        assert_eq!(scores[2], 1.0);
        assert!(scores[5..].iter().all(|score| *score == 0.0));
        let together = knn_disagreement(&gallery, &labels, &[1; 10], 3, &|_, _| true).unwrap();
        assert_eq!(together, [0.0; 10]);
    }
}
