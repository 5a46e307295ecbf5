### Die Übersicht.

## Rahmen

brand = Ladegerät
skip = Zum Inhalt
language = Sprache
loading = Wird geladen
retry = Jetzt versuchen
connected-again = Wieder verbunden

## Werte mit Einheit. Die Leerzeichen brechen nicht um.

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

## Zustände: ein Wort, eine Antwort, ein Satz

booting = Startet
booting-more = Danach geht das Laden von selbst weiter.
idle = Kein Fahrzeug
idle-say = Bereit
idle-fact = Zum Laden einstecken.
ready = Bereit für das Fahrzeug
ready-more = Das Fahrzeug entscheidet, wann es beginnt. Viele Fahrzeuge richten sich nach einer eigenen Abfahrtszeit.
charging = Lädt
no-flow = Fahrzeug nimmt keinen Strom
no-flow-more = Das Fahrzeug fordert nichts an. Vielleicht ist es voll, wärmt sich auf oder wartet auf eine eigene Abfahrtszeit.
stopping = Hält an
finished = Fertig
finished-fact = Das Fahrzeug möchte nicht mehr
finished-more = Sie können ausstecken.
# Über einer Uhrzeit und über einem Wert
since = Seit
offered = Angeboten

paused = Pause
paused-hw = Pause durch Ladegerät
paused-supply = Pause durch Haussicherung
paused-opev = Pause durch Energiemanager
paused-user-max = Pause durch Ihre Einstellung
paused-hung = Pause
paused-more = Die Pause dauert, bis Sie fortsetzen.
wait-limit-more = Ein Fahrzeug braucht mindestens 6 A. Das Laden geht von selbst weiter.

old = Letzter Wert, { $age } alt
lost = Keine Verbindung zum Ladegerät
lost-trying = Das Laden hängt nicht von dieser Seite ab. Neuer Versuch läuft.
lost-waiting = Das Laden hängt nicht von dieser Seite ab. Neuer Versuch in { $seconds } s.

## Der Ladevorgang

consumption = Verbrauch
charging-time = Ladezeit
connected = Verbunden

## Der Verlauf

now = Jetzt
at = Um { $time }
back-to-now = Zurück zu jetzt
as-table = Als Tabelle
as-chart = Als Diagramm
so-far = { $energy } bisher
until-then = { $energy } bis dahin
curve-label = Zeitpunkt auf der Leistungskurve
curve-about = Leistung seit { $time }. Die gepunktete Linie ist die bisher geladene Energie.
column-time = Zeit
column-power = Leistung
column-energy = Energie
column-current = Strom
column-limit = Grenze

## Status und Hinweise

status = Status
warning = Warnung
warning-ems-lost = Verbindung zum Energiemanager verloren
warning-meter-discontinuity = Der Zähler ist gesprungen. Der Verbrauch ist nicht vollständig.
network-ethernet = Ethernet
network-wifi = WLAN
manager-not-connected = Nicht verbunden
manager-connecting = Verbindung wird aufgebaut
manager-waiting = Wartet auf Bestätigung am anderen Gerät
manager-connected = Verbunden
manager-heard = Verbunden, vor { $age } gehört
manager-interrupted = Unterbrochen
information = Information
request = Ein Gerät möchte sich verbinden. Seine Identifikationsnummer (SKI):
