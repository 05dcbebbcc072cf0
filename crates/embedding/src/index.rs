//! Vectors that can be searched.

use inference_protocol::Hit;

/// The vectors of a text's passages, in their order.
#[derive(Clone, Debug, Default)]
pub struct Index {
    vectors: Vec<f32>,
    dimensions: usize,
}

/// Sums that are added up side by side.
const LANES: usize = 8;

impl Index {
    /// Without vectors yet.
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        Self { vectors: Vec::new(), dimensions }
    }

    /// Appends vectors, one after the other.
    pub fn extend(&mut self, vectors: &[f32]) {
        self.vectors.extend_from_slice(vectors);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vectors.len().checked_div(self.dimensions).unwrap_or(0)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The nearest to a vector of length 1, nearest first; of equally near ones, the earlier first.
    #[must_use]
    pub fn search(&self, query: &[f32], limit: usize) -> Vec<Hit> {
        let vectors = self.vectors.chunks_exact(self.dimensions.max(1));
        let mut hits: Vec<Hit> = (0..)
            .zip(vectors)
            .map(|(passage, vector)| Hit { passage, similarity: product(query, vector).clamp(-1.0, 1.0) })
            .collect();
        let order =
            |a: &Hit, b: &Hit| b.similarity.total_cmp(&a.similarity).then_with(|| a.passage.cmp(&b.passage));
        if limit > 0 && hits.len() > limit {
            hits.select_nth_unstable_by(limit - 1, order);
        }
        hits.truncate(limit);
        hits.sort_unstable_by(order);
        hits
    }
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_come_first_and_no_more_than_wanted() {
        let mut index = Index::new(2);
        index.extend(&[0.0, 1.0, 1.0, 0.0, 0.6, 0.8, 0.6, 0.8, -1.0, 0.0]);
        let found = |limit| -> Vec<u32> {
            index.search(&[1.0, 0.0], limit).into_iter().map(|hit| hit.passage).collect()
        };
        assert_eq!(index.len(), 5);
        assert_eq!(found(9), [1, 2, 3, 0, 4]);
        assert_eq!(found(2), [1, 2]);
        assert!(found(0).is_empty());
        assert_eq!(index.search(&[1.0, 0.0], 1)[0].similarity, 1.0);
        assert!(Index::new(2).search(&[1.0, 0.0], 3).is_empty());
    }
}
