### The overview page.

## Frame

brand = Charger
skip = Skip to content
language = Language
loading = Loading
retry = Try now
connected-again = Connected again

## Values with their unit. The spaces do not break.

unit-kw = kW
unit-kwh = kWh
unit-a = A
kw = { $number } kW
kwh = { $number } kWh
a = { $number } A
on-phase = { $current } ({ $phase })
hours-minutes = { $hours } h { $minutes } min
minutes = { $minutes } min
seconds = { $seconds } s

## States: one word, one answer, one sentence

booting = Starting
booting-more = Charging goes on by itself afterwards.
idle = No vehicle
idle-say = Ready
idle-fact = Plug in to charge.
ready = Ready for the vehicle
ready-more = The vehicle decides when it starts. Many vehicles follow a departure time of their own.
charging = Charging
no-flow = Vehicle draws no power
no-flow-more = The vehicle does not ask for it. It may be full, warming up or set to a departure time of its own.
stopping = Stopping
finished = Finished
finished-fact = The vehicle does not want more
finished-more = You can unplug.
# Captions of a time and of a value
since = Since
offered = Offered

paused = Paused
paused-hw = Paused by charger
paused-supply = Paused by house fuse
paused-opev = Paused by energy manager
paused-user-max = Paused by your setting
paused-hung = Paused
paused-more = It stays paused until you continue.
wait-limit-more = A vehicle needs 6 A at least. The charger goes on by itself.

old = Last value, { $age } old
lost = No connection to charger
lost-trying = Charging does not depend on this page. Trying again.
lost-waiting = Charging does not depend on this page. Trying again in { $seconds } s.

## The session

consumption = Consumption
charging-time = Charging time
connected = Connected

## The curve

now = Now
at = At { $time }
back-to-now = Back to now
as-table = As a table
as-chart = As a chart
so-far = { $energy } so far
until-then = { $energy } until then
curve-label = Point in time on the power curve
curve-about = Power since { $time }. The dotted line is the energy charged so far.
column-time = Time
column-power = Power
column-energy = Energy
column-current = Current
column-limit = Limit

## Status box and notes

status = Status
warning = Warning
warning-ems-lost = Connection to energy manager lost
warning-meter-discontinuity = The meter has jumped. The consumption is not complete.
network-ethernet = Ethernet
network-wifi = Wi-Fi
manager-not-connected = Not connected
manager-connecting = Connecting
manager-waiting = Waiting for confirmation on the other device
manager-connected = Connected
manager-heard = Connected, heard { $age } ago
manager-interrupted = Interrupted
information = Information
request = A device wants to connect. Its identification number (SKI):
