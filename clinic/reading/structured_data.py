"""Structured data for robots (schema.org, as JSON-LD) that matches the visible page."""

import json
from datetime import date, time
from typing import Any

from markupsafe import Markup

from clinic.articles.models import Article, Author
from clinic.bookings.models import Service
from clinic.core.characters import storable_in
from clinic.core.hours import SpecialDay
from clinic.core.settings import settings
from clinic.preferences import Preferences

Data = dict[str, Any]


def json_ld(*things: Data) -> Markup:
    """Return a data block for the page. `<` is written as an escape, so that no text can end the block."""
    text = json.dumps({"@context": "https://schema.org", "@graph": storable_in(things)}, ensure_ascii=False)
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(text.replace("<", "\\u003c")))  # noqa: S704


def clinic_data(clinic: Preferences, today: date) -> Data:
    """Return the data of the clinic (schema.org/MedicalBusiness). `today` is a day of its own calendar."""
    special = clinic.opening.coming(today)
    return {
        "@type": "MedicalBusiness",
        "@id": f"{settings().site_url}/#clinic",
        "name": clinic.name,
        "description": clinic.tagline,
        "url": f"{settings().site_url}/",
        "telephone": clinic.phone,
        "email": clinic.email,
        "address": {"@type": "PostalAddress", "streetAddress": clinic.address, "addressCountry": clinic.country},
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": list(group.days),
                "opens": opens.strftime("%H:%M"),
                "closes": closes.strftime("%H:%M"),
            }
            for group in clinic.opening.groups()
            for opens, closes in group.spans
        ],
        **({"specialOpeningHoursSpecification": [one for day in special for one in _special(day)]} if special else {}),
        **({"sameAs": clinic.social_urls} if clinic.social_urls else {}),
    }


def _special(day: SpecialDay) -> list[Data]:
    """Return the data of a special day; a closed one opens and closes at midnight (Google's rule)."""
    return [
        {
            "@type": "OpeningHoursSpecification",
            "validFrom": day.day.isoformat(),
            "validThrough": day.day.isoformat(),
            "opens": opens.strftime("%H:%M"),
            "closes": closes.strftime("%H:%M"),
        }
        for opens, closes in day.spans or ((time(), time()),)
    ]


def person_data(author: Author) -> Data:
    """Return the data of a team member (schema.org/Person)."""
    return {
        "@type": "Person",
        "@id": f"{settings().site_url}{author.address}#person",
        "name": author.name,
        "jobTitle": author.title,
        "url": f"{settings().site_url}{author.address}",
        "worksFor": {"@id": f"{settings().site_url}/#clinic"},
    }


def service_data(service: Service) -> Data:
    """Return the data of a service (schema.org/Service)."""
    return {
        "@type": "Service",
        "name": service.name,
        "description": service.summary,
        "url": f"{settings().site_url}{service.address}",
        "provider": {"@id": f"{settings().site_url}/#clinic"},
    }


def article_data(article: Article, clinic: Preferences, today: date) -> list[Data]:
    """Return the data of an article, its page and its people (schema.org/Article, MedicalWebPage)."""
    site = settings().site_url
    address = f"{site}{article.address}"
    people = {person.id: person for person in (article.author, article.reviewer) if person}
    page: Data = {
        "@type": "MedicalWebPage",
        "@id": address,
        "url": address,
        "name": article.title,
        "description": article.summary,
        "inLanguage": "en",
        "mainEntity": {"@id": f"{address}#article"},
    }
    if article.reviewer and article.reviewed_on:
        page |= {
            "lastReviewed": article.reviewed_on.isoformat(),
            "reviewedBy": {"@id": person_data(article.reviewer)["@id"]},
        }
    text: Data = {
        "@type": "Article",
        "@id": f"{address}#article",
        "headline": article.title,
        "description": article.summary,
        "datePublished": article.published_at.isoformat() if article.published_at else None,
        "dateModified": max(article.updated_at, article.published_at or article.updated_at).isoformat(),
        "wordCount": article.words,
        "mainEntityOfPage": {"@id": address},
        "publisher": {"@id": f"{site}/#clinic"},
    }
    if article.author:
        text["author"] = {"@id": person_data(article.author)["@id"]}
    if article.image:
        text["image"] = f"{site}{article.image.url()}"
    trail = [("Home", "/"), ("Articles", "/articles/")]
    if article.category:
        trail.append((article.category.name, article.category.address))
    return [
        page,
        text,
        *map(person_data, people.values()),
        clinic_data(clinic, today),
        trail_data([*trail, (article.title, article.address)]),
    ]


def trail_data(trail: list[tuple[str, str]]) -> Data:
    """Return the data of the breadcrumb (schema.org/BreadcrumbList)."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": number, "name": name, "item": f"{settings().site_url}{path}"}
            for number, (name, path) in enumerate(trail, start=1)
        ],
    }
