"""The embedded workspace in a browser: what the deployed app looks like to the people who use it.

A stand-in for the platform's own web page, to rehearse and to demonstrate, and every page says so. Nothing here knows a
template: tables, views, forms, pages, buttons and permissions are read from what a deployment stored in the world.

===============  ==========================================================================================
``catalog``      stored definitions of one workspace, decoded once a revision
``person``       who looks: tables, fields, rows and roles that ``core.permissions`` grants; start here
``showing``      cells as people read them; titles only of items that the person may see
``grids``        a view as grid, kanban, calendar, timeline or gallery, one page of it
``records``      one item: its fields, what can be done with it, what relates to it
``questions``    forms: what is asked, what was answered, what is wrong with it
``charts``       blocks of a page: numbers, bars, lines, funnels, lists
``writing``      the one way to the store: the calls of the API, in the name of the person
``port``         what is asked of the outside: which actions a state offers, and to let automations run
``guard``        session, forged posts, hosts, sizes, headers
``face``         addresses
===============  ==========================================================================================

No script runs in these pages: plain forms and links, one style sheet, and a policy that forbids everything else.
"""
