//! The product of two matrices, which is where nearly all the time goes: the left one packed into blocks of four rows, the
//! right one into panels of eight columns, so that the innermost loop reads both in a line and keeps its 32 sums in
//! registers. (WebAssembly's engines have 16 of 128 bits on x86-64; larger tiles are half as fast there, since sums go to
//! memory and back.)
//!
//! Each sum is added up in the order of the inner index, whatever is computed beside it: a row of the result does not
//! depend on the other rows.

use wide::f32x4;

/// Rows of a block.
pub(crate) const ROWS: usize = 4;
/// Columns of a panel.
pub(crate) const COLUMNS: usize = 8;

/// Eight neighbours in a row of the right matrix.
pub(crate) type Eight = [f32x4; 2];

/// What a block and a panel make.
pub(crate) type Tile = [Eight; ROWS];

pub(crate) const ZEROS: Eight = [f32x4::ZERO; 2];

/// Rows as blocks: for each inner index, the numbers of four rows.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    blocks: Vec<[f32; ROWS]>,
    inner: usize,
}

impl Blocks {
    /// Packs rows of which one follows `stride` numbers after the other, each `inner` long. The last block is filled up
    /// with zeros.
    pub(crate) fn pack(&mut self, rows: usize, inner: usize, stride: usize, numbers: &[f32]) {
        self.inner = inner;
        self.blocks.clear();
        self.blocks.resize(rows.div_ceil(ROWS) * inner, [0.0; ROWS]);
        for (first, block) in (0..rows).step_by(ROWS).zip(self.blocks.chunks_exact_mut(inner)) {
            for row in first..rows.min(first + ROWS) {
                let numbers = &numbers[row * stride..][..inner];
                for (slot, number) in block.iter_mut().zip(numbers) {
                    slot[row - first] = *number;
                }
            }
        }
    }
}

/// Multiplies, and gives each tile away with the index of its block and its panel. `start` is what the sums of a panel
/// begin with.
pub(crate) fn multiply(
    left: &Blocks,
    panels: &[Eight],
    start: impl Fn(usize) -> Eight,
    mut give: impl FnMut(usize, usize, Tile),
) {
    // The panel stays in the nearest cache while the blocks pass by.
    for (p, panel) in panels.chunks_exact(left.inner).enumerate() {
        for (b, block) in left.blocks.chunks_exact(left.inner).enumerate() {
            give(b, p, tile(block, panel, [start(p); ROWS]));
        }
    }
}

#[inline(always)]
fn tile(block: &[[f32; ROWS]], panel: &[Eight], mut sums: Tile) -> Tile {
    for (rows, [first, second]) in block.iter().zip(panel) {
        for (sums, number) in sums.iter_mut().zip(rows) {
            let number = f32x4::splat(*number);
            sums[0] = number.mul_add(*first, sums[0]);
            sums[1] = number.mul_add(*second, sums[1]);
        }
    }
    sums
}

/// The eight numbers of one row of a tile.
#[inline(always)]
pub(crate) fn numbers([first, second]: Eight) -> [f32; COLUMNS] {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_array(), second.to_array());
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_right_at_every_border() {
        for (rows, inner, columns) in [(1, 1, 1), (3, 5, 7), (4, 8, 8), (9, 3, 17_usize)] {
            let left: Vec<f32> = (0..rows * inner).map(|i| i as f32).collect();
            let right = |k: usize, c: usize| (k * 2 + c) as f32;
            let mut panels = vec![ZEROS; columns.div_ceil(COLUMNS) * inner];
            for k in 0..inner {
                for c in 0..columns {
                    let cell = &mut panels[c / COLUMNS * inner + k][c % COLUMNS / 4];
                    cell.as_mut_array()[c % 4] = right(k, c);
                }
            }
            let mut blocks = Blocks::default();
            blocks.pack(rows, inner, inner, &left);
            let mut result = vec![0.0; rows * columns];
            multiply(
                &blocks,
                &panels,
                |_| [f32x4::ONE; 2],
                |b, p, tile| {
                    for (r, row) in tile.into_iter().enumerate() {
                        for (c, number) in numbers(row).into_iter().enumerate() {
                            let (row, column) = (b * ROWS + r, p * COLUMNS + c);
                            if row < rows && column < columns {
                                result[row * columns + column] = number;
                            }
                        }
                    }
                },
            );
            for row in 0..rows {
                for column in 0..columns {
                    let sum: f32 = (0..inner).map(|k| left[row * inner + k] * right(k, column)).sum();
                    assert_eq!(result[row * columns + column], sum + 1.0, "{rows} {inner} {columns}");
                }
            }
        }
    }
}
