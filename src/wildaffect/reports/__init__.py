"""Offline HTML reports of result tables: timelines of people, galleries of photographs."""
