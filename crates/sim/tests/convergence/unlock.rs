//! Taking a lease away from a run that died.

use trueup_applier::{break_lease, lease_holder, take_lease};
use trueup_sim::SimOptions;

use crate::program::{Program, leasing};

#[tokio::test(start_paused = true)]
async fn a_lease_is_taken_away_as_soon_as_the_next_name_is_free() {
    let program = Program::of_text("stack: shop\nregion: us-west-2\n");
    let sim = program.account(SimOptions::default());
    let leasing = || leasing("shop", true, &sim);
    let Ok(lease) = take_lease(leasing()).await else { panic!("nobody holds it") };
    drop(lease);
    let deleted = ("/trueup/shop/lease/2".to_owned(), sim.world().clock);
    sim.edit(|world| world.leases.deleted.extend([deleted])).unwrap();

    let holding = lease_holder(leasing()).await.unwrap().expect("who died holds it");
    break_lease(leasing(), &holding).await.unwrap();
    assert_eq!(lease_holder(leasing()).await.unwrap(), None);
}
