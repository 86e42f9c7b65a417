#![allow(clippy::all, clippy::pedantic)]
use crate::*; use crate::norm::*; use crate::convolution::*; use crate::activation::silu; use crate::block::*;
use burn::tensor::{Device, Distribution, Tensor}; use burn::module::Module; use std::time::Instant;
fn best(mut f: impl FnMut()) -> f64 { let mut b = f64::MAX; let t0 = Instant::now(); while t0.elapsed().as_secs_f64() < 0.12 { let t = Instant::now(); f(); b = b.min(t.elapsed().as_secs_f64() * 1e3); } b }
fn row(name: &str, x: &Tensor<4>, f: impl Fn(Tensor<4>) -> Tensor<4>, g: impl Fn(Tensor<4>) -> Tensor<4>) {
    let t0 = best(|| { std::hint::black_box(f(x.clone())); });
    let s = f(x.clone()).random_like(Distribution::Default);
    let xa = x.clone().autodiff().require_grad();
    let t1 = best(|| { let y = g(xa.clone()); std::hint::black_box(&y); });
    let t2 = best(|| { let y = (g(xa.clone()) * s.clone()).sum(); let gr = y.backward(); std::hint::black_box(xa.grad(&gr)); });
    println!("{name:<28} fwd {t0:.3} traced {t1:.3} both {t2:.3}");
}
#[test]
fn bench() {
    let d = Device::flex();
    for (b, c, h) in [(1usize, 32usize, 32usize), (1, 64, 16), (1, 96, 8), (4, 32, 32), (4, 96, 8)] {
        println!("B{b} C{c} {h}x{h}");
        let x = Tensor::<4>::random([b, c, h, h], Distribution::Normal(0.0, 1.0), &d);
        let p = Paddings { y: Padding::Periodic, x: Padding::Periodic };
        row("identity", &x, |x| x, |x| x);
        let m = Convolution::new(c, c, p, &d); let t = m.clone().train();
        row("conv", &x, |x| m.forward(x), |x| t.forward(x));
        row("silu", &x, silu, silu);
        let m = GroupNorm::new(c, 8, &d); let t = m.clone().train();
        row("norm", &x, |x| m.forward(x), |x| t.forward(x));
        let m = ModulatedNorm::new(c, 8, 64, &d); let t = m.clone().train();
        let e = Tensor::<2>::random([b, 64], Distribution::Normal(0.0, 1.0), &d); let ea = e.clone().autodiff().require_grad();
        row("modulated norm", &x, |x| m.forward(x, e.clone()), |x| t.forward(x, ea.clone()));
        row("pad x", &x, |x| p.x.around(x, 3), |x| p.x.around(x, 3));
        row("three rows", &x, |x| m3(&m_conv(c, p, &d), x), |x| m3(&m_conv(c, p, &d), x));
        row("halved", &x, |x| resample::halved(x, p), |x| resample::halved(x, p));
        row("doubled", &x, |x| resample::doubled(x, 2 * h, 2 * h), |x| resample::doubled(x, 2 * h, 2 * h));
        let m = pointwise::Pointwise::new(c, c, &d); let t = m.clone().train();
        row("pointwise", &x, |x| m.forward(x), |x| t.forward(x));
        let m = attention::SelfAttention::new(c, 8, 4, &d); let t = m.clone().train();
        row("attention", &x, |x| m.forward(x), |x| t.forward(x));
        let cfg = UNetConfig { channels: vec![c], blocks: 1, attention: vec![], padding: p, ..UNetConfig::default() };
        let m = Level::new(0, c, 0, &cfg, &d); let t = m.clone().train();
        let cx = Context { embedding: e, dropout: None }; let ca = Context { embedding: ea, dropout: None };
        row("block", &x, |x| m.forward(x, &cx), |x| t.forward(x, &ca));
    }
}
fn m_conv(c: usize, p: Paddings, d: &Device) -> Convolution { Convolution::zero(1, 1, p, d) }
fn m3(m: &Convolution, x: Tensor<4>) -> Tensor<4> { m.three_rows(x) }
#[test]
fn loop_conv() {
    let d = Device::flex();
    let c: usize = std::env::var("C").unwrap().parse().unwrap(); let h: usize = std::env::var("H").unwrap().parse().unwrap();
    let p = Paddings { y: Padding::Periodic, x: Padding::Periodic };
    let m = Convolution::new(c, c, p, &d).train();
    let x = Tensor::<4>::random([1, c, h, h], Distribution::Normal(0.0, 1.0), &d).autodiff().require_grad();
    let s = Tensor::<4>::random([1, c, h, h], Distribution::Normal(0.0, 1.0), &d);
    for which in ["now", "now2", "now3", "now"] {
    let t0 = Instant::now(); let mut n = 0;
    let mut b = f64::MAX; let mut bf = f64::MAX;
    while t0.elapsed().as_secs_f64() < 1.5 { let t = Instant::now(); let y = if which == "now" { m.forward(x.clone()) } else if which == "now2" { m.now2(x.clone()) } else if which == "now3" { m.now3(x.clone()) } else { m.shifted3(x.clone()) }; bf = bf.min(t.elapsed().as_secs_f64()); let g = (y * s.clone()).sum().backward(); std::hint::black_box(x.grad(&g)); n += 1; b = b.min(t.elapsed().as_secs_f64()); }
    println!("{which} {n} {:.3} best {:.3} fwd {:.3}", 1.5e3 / n as f64, 1e3 * b, 1e3 * bf);
}}
