//! Schedules made by chance.

mod simulator;

use protocol::download::Button;
use simulator::World;

#[test]
fn a_click_leads_to_ready() {
    for background in [false, true] {
        let world = World::new(7, background);
        let manifest = world.server().publish(&"owner/name".parse().unwrap(), &[(1, 20_000), (2, 32 << 20), (3, 32 << 20)]);
        let tab = world.open(&manifest);
        assert!(world.run_until(5_000, || tab.buttons() == [Button::Download]), "{:?}", tab.state());
        tab.press(Button::Download);
        assert!(world.run_until(600_000, || tab.is_ready()), "{:?}", tab.state());
        println!("{background}: {} ms, {} polls", world.executor().now(), world.executor().polls());
        assert_eq!(world.server().sent(), 20_000 + (64 << 20));
    }
}
