### Grenzen, ihre Quellen und ihre Gründe.

## Quellen. Lange Wörter sagen, wo sie sich trennen lassen.

source-hw = Ladegerät
source-supply = Haussicherung
source-opev = Energie­manager
source-user-max = Ihr Höchstwert
source-enable = Start und Stopp

## Die geltende Grenze und ihr Grund

limit-hardware = { $current }: begrenzt durch Ladegerät
limit-fault = { $current }: durch Störung angehalten
limit-supply = { $current }: begrenzt durch Haussicherung
limit-opev = { $current }: begrenzt durch Energiemanager
limit-opev-wait = { $current }: wartet auf Energiemanager
limit-opev-lost = { $current }: Verbindung zum Energiemanager verloren
limit-opev-failed = { $current }: Energiemanager meldet eine Störung
limit-opev-old = { $current }: Energiemanager schweigt
limit-user-max = { $current }: begrenzt durch Ihre Einstellung
limit-paused = Von Ihnen angehalten
limit-hung = { $current }: ein Teil des Ladegeräts antwortet nicht

## Was das heißt

why-hardware = Mehr kann das Ladegerät nicht geben.
why-fault = Eine Störung hält das Laden an.
why-supply = Mehr lässt die Sicherung dieses Stromkreises nicht zu.
why-opev = Der Energiemanager schützt den Hausanschluss vor Überlast.
why-opev-wait = Sicherer Wert, bis der Energiemanager eine Grenze für dieses Fahrzeug gesetzt hat.
why-opev-lost = Sicherer Wert, bis der Energiemanager wieder da ist.
why-opev-failed = Sicherer Wert, bis der Energiemanager wieder arbeitet.
why-opev-old = Sicherer Wert, bis der Energiemanager seine Grenze wieder setzt.
why-user-max = Diesen Höchstwert haben Sie eingestellt.
why-paused = Sie haben das Laden angehalten.
why-hung = Sicherer Wert, bis alle Teile des Ladegeräts antworten.

## Warum so viel

why = Warum { $current }?
why-nothing = Warum kein Strom?
why-free = Nichts begrenzt das Laden
why-without = Sonst würde das Ladegerät { $current } anbieten.
why-also = Die Grenze von „{ $source }“ ist gleich hoch.
others = { $count ->
    [one] { $count } weitere Quelle setzt jetzt keine Grenze
   *[other] { $count } weitere Quellen setzen jetzt keine Grenze
}
