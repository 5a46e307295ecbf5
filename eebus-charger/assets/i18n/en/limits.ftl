### Limits, their sources and their reasons.

## Sources

source-hw = Charger
source-supply = House fuse
source-opev = Energy manager
source-user-max = Your maximum
source-enable = Start and stop

## The limit in force and its reason

limit-hardware = { $current }: limited by charger
limit-fault = { $current }: stopped by a fault
limit-supply = { $current }: limited by house fuse
limit-opev = { $current }: limited by energy manager
limit-opev-wait = { $current }: waiting for energy manager
limit-opev-lost = { $current }: connection to energy manager lost
limit-opev-failed = { $current }: energy manager reports a failure
limit-opev-old = { $current }: energy manager is silent
limit-user-max = { $current }: limited by your setting
limit-paused = Paused by you
limit-hung = { $current }: a part of the charger does not answer

## What it means

why-hardware = The charger cannot give more.
why-fault = A fault stops the charging.
why-supply = The fuse of this circuit allows no more.
why-opev = The energy manager protects the house connection from overload.
why-opev-wait = Safe value until the energy manager has set a limit for this vehicle.
why-opev-lost = Safe value until the energy manager is back.
why-opev-failed = Safe value until the energy manager works again.
why-opev-old = Safe value until the energy manager sets its limit again.
why-user-max = You set this maximum.
why-paused = You have set a pause.
why-hung = Safe value until all parts of the charger answer.

## Why so much

why = Why { $current }?
why-nothing = Why no current?
why-free = Nothing limits charging
why-without = Without it, the charger would offer { $current }.
why-also = The limit of “{ $source }” is the same.
others = { $count ->
    [one] { $count } other sets no limit now
   *[other] { $count } others set no limit now
}
