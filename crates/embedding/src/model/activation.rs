//! Functions of single numbers, four at a time.

use wide::f32x4;

/// `x * Φ(x)`.
#[inline(always)]
pub(crate) fn gelu(x: f32x4) -> f32x4 {
    x * 0.5 * (f32x4::ONE + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// `x/2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`, where `(1 + tanh y)/2 = 1/(1 + e^-2y)`.
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32x4) -> f32x4 {
    let y = x * (x * x * 0.044_715 + 1.0) * 0.797_884_6;
    x / (f32x4::ONE + exp(y * -2.0))
}

#[inline(always)]
pub(crate) fn relu(x: f32x4) -> f32x4 {
    x.max(f32x4::ZERO)
}

/// The error function, by formula 7.1.26 of Abramowitz and Stegun, "Handbook of Mathematical Functions": off by 1.5e-7
/// at most.
#[inline(always)]
fn erf(x: f32x4) -> f32x4 {
    let size = x.abs();
    let t = f32x4::ONE / (size * 0.327_591_1 + 1.0);
    let sum = ((((t * 1.061_405_4 - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let result = f32x4::ONE - sum * exp(-(size * size));
    result.copysign(x)
}

/// e^x.
#[inline(always)]
pub(crate) fn exp(x: f32x4) -> f32x4 {
    x.exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The series of Φ around 0, in double precision, which converges everywhere.
    fn exact(x: f64) -> f64 {
        let (mut term, mut sum, mut n) = (x, x, 1.0);
        while term.abs() > 1e-17 {
            term *= x * x / (n + n + 1.0);
            sum += term;
            n += 1.0;
        }
        x * (0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt())
    }

    #[test]
    fn gelu_is_right_everywhere() {
        for i in -1000..=1000_i16 {
            let x = f64::from(i) / 100.0;
            let [near, ..] = gelu(f32x4::splat(x as f32)).to_array();
            assert!((f64::from(near) - exact(x)).abs() < 2e-6, "{x}: {near}, {}", exact(x));
            let [near, ..] = gelu_tanh(f32x4::splat(x as f32)).to_array();
            assert!((f64::from(near) - exact(x)).abs() < 1e-3, "{x}: {near}");
        }
        for x in [-1e30, -100.0, 100.0, 1e30] {
            for f in [gelu, gelu_tanh, relu] {
                let [y, ..] = f(f32x4::splat(x)).to_array();
                assert_eq!(y, if x > 0.0 { x } else { 0.0 }, "{x}");
            }
        }
    }

    #[test]
    fn exp_is_right_where_it_is_used() {
        for i in -8700..=0_i16 {
            let x = f32::from(i) / 100.0;
            let [y, ..] = exp(f32x4::splat(x)).to_array();
            assert!((y - x.exp()).abs() <= x.exp() * 1e-6 + 1e-37, "{x}: {y}, {}", x.exp());
        }
        assert_eq!(exp(f32x4::splat(f32::NEG_INFINITY)).to_array(), [0.0; 4]);
    }
}
