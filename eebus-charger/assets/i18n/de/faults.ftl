### Störungen in Alltagsworten. Code und Zeit stehen am Ende.

fault = Störung
fault-wait = Geht von selbst weiter
fault-unplug = Fahrzeug ausstecken und neu einstecken

fault-ventilation = Das Fahrzeug verlangt Belüftung.
fault-ventilation-more = Dieses Ladegerät hat keine. { $code }, { $time }
fault-vehicle = Das Fahrzeug meldet eine Störung.
fault-vehicle-more = Bleibt sie, brauchen das Fahrzeug oder sein Kabel eine Wartung. { $code }, { $time }
fault-board = Kein Kontakt zur Leistungsplatine.
fault-board-more = Das Laden ruht, bis die Platine antwortet. { $code }, { $time }
