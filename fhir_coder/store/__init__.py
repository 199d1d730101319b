"""What is kept of each coded encounter, by tenant: tables, their migrations, and the repository over them.

:mod:`.repository` is the only door: :mod:`.rows` makes rows of a result, with words through :mod:`.cipher` or, without a key, as
:mod:`.outline`; :mod:`.reading` makes :mod:`.records` of rows. :mod:`.tables` and ``migrations`` say what is kept, :mod:`.start` and
:mod:`.upgrade` open it, :mod:`.exclusive` keeps two calls for one encounter apart.
"""
